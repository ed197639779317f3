//! What a server answers: `multistatus` of RFC 4918. Anybody may have written it.

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

/// Namespaces.
const DAV: &str = "DAV:";
const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";

/// Elements within each other; a multistatus has six.
const DEPTH_MAX: usize = 32;

/// Elements of an answer: a hundred for each card that is read at once.
const ELEMENTS_MAX: usize = 200_000;

/// The answer is no multistatus within the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAMultistatus;

/// An element: its name with its namespace in short, the text in it, and what it holds.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the `href` in it.
    fn href(&self) -> Option<&str> {
        self.first("D:href").map(|href| href.text.trim()).filter(|href| !href.is_empty())
    }
}

/// What a server says of one resource.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) href: String,
    /// The status of the whole of it, where it has one.
    pub(crate) status: Option<u16>,
    pub(crate) display_name: Option<String>,
    pub(crate) is_collection: bool,
    pub(crate) is_address_book: bool,
    pub(crate) principal: Option<String>,
    pub(crate) homes: Vec<String>,
    pub(crate) card: Option<String>,
}

/// Reads an answer.
pub(crate) fn multistatus(body: &[u8]) -> Result<Vec<Resource>, NotAMultistatus> {
    let root = tree(body)?;
    if root.name != "D:multistatus" {
        return Err(NotAMultistatus);
    }
    root.all("D:response").map(resource).collect()
}

fn resource(response: &Element) -> Result<Resource, NotAMultistatus> {
    let mut resource = Resource {
        href: response.href().ok_or(NotAMultistatus)?.to_owned(),
        status: response.first("D:status").and_then(|it| status(&it.text)),
        ..Resource::default()
    };
    for found in response.all("D:propstat") {
        if found.first("D:status").and_then(|it| status(&it.text)).is_some_and(|it| it != 200) {
            continue;
        }
        for property in found.all("D:prop").flat_map(|prop| &prop.children) {
            match property.name.as_str() {
                "D:displayname" => resource.display_name = Some(property.text.trim().to_owned()),
                "D:resourcetype" => {
                    resource.is_collection |= property.first("D:collection").is_some();
                    resource.is_address_book |= property.first("C:addressbook").is_some();
                }
                "D:current-user-principal" => resource.principal = property.href().map(str::to_owned),
                "C:addressbook-home-set" => {
                    resource.homes.extend(property.all("D:href").map(|href| href.text.trim().to_owned()));
                }
                "C:address-data" => resource.card = Some(property.text.clone()),
                _ => {}
            }
        }
    }
    Ok(resource)
}

/// The number in `HTTP/1.1 200 OK`.
fn status(line: &str) -> Option<u16> {
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The document's root, built without recursion.
fn tree(body: &[u8]) -> Result<Element, NotAMultistatus> {
    let text = std::str::from_utf8(body).map_err(|_| NotAMultistatus)?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0;
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|_| NotAMultistatus)?;
        let begun = match &event {
            Event::Start(start) | Event::Empty(start) => {
                elements += 1;
                if elements > ELEMENTS_MAX || open.len() == DEPTH_MAX {
                    return Err(NotAMultistatus);
                }
                Some(named(&namespace, start)?)
            }
            _ => None,
        };
        let closed = match event {
            Event::Start(_) => {
                open.extend(begun);
                None
            }
            Event::Empty(_) => begun,
            Event::End(_) => Some(open.pop().ok_or(NotAMultistatus)?),
            Event::Text(part) => {
                add(&mut open, &part.decode().map_err(|_| NotAMultistatus)?);
                None
            }
            Event::CData(part) => {
                add(&mut open, &part.decode().map_err(|_| NotAMultistatus)?);
                None
            }
            Event::GeneralRef(reference) => {
                let char = match reference.resolve_char_ref().map_err(|_| NotAMultistatus)? {
                    Some(char) => char,
                    // No others: an entity would have to be defined, and what defines them is refused.
                    None => match &*reference.decode().map_err(|_| NotAMultistatus)? {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "apos" => '\'',
                        "quot" => '"',
                        _ => return Err(NotAMultistatus),
                    },
                };
                add(&mut open, char.encode_utf8(&mut [0; 4]));
                None
            }
            Event::DocType(_) | Event::Eof => return Err(NotAMultistatus),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
        };
        if let Some(closed) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(closed),
                // What follows the root is of no interest.
                None => return Ok(closed),
            }
        }
    }
}

fn named(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Result<Element, NotAMultistatus> {
    let prefix = match namespace {
        ResolveResult::Bound(name) if name.as_ref() == DAV.as_bytes() => "D:",
        ResolveResult::Bound(name) if name.as_ref() == CARDDAV.as_bytes() => "C:",
        ResolveResult::Unknown(_) => return Err(NotAMultistatus),
        _ => "?:",
    };
    let local = std::str::from_utf8(start.local_name().into_inner()).map_err(|_| NotAMultistatus)?;
    Ok(Element { name: format!("{prefix}{local}"), ..Element::default() })
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Text as it stands between tags.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"<?xml version="1.0"?>
<d:multistatus xmlns:d="DAV:" xmlns="urn:ietf:params:xml:ns:carddav" xmlns:x="urn:other">
  <d:response><d:href>/a%20b/</d:href>
    <d:propstat><d:prop><d:displayname>R&amp;D &#x41;</d:displayname><x:displayname>no</x:displayname>
      <d:resourcetype><d:collection/><addressbook/></d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
    <d:propstat><d:prop><address-data>lost</address-data></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
  </d:response>
  <d:response><d:href>/c.vcf</d:href>
    <d:propstat><d:prop><address-data><![CDATA[FN:<b>]]>&#13;
</address-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
  <d:response><d:href>/</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response>
</d:multistatus>"#;

    #[test]
    fn what_a_server_says_is_read_by_namespace() {
        let resources = multistatus(ANSWER.as_bytes()).expect("a multistatus");
        assert_eq!(resources.len(), 3);
        assert_eq!(resources[0].display_name.as_deref(), Some("R&D A"));
        assert!(resources[0].is_address_book && resources[0].is_collection && resources[0].card.is_none());
        assert_eq!(resources[1].card.as_deref(), Some("FN:<b>\r\n"));
        assert_eq!(resources[2].status, Some(507));
    }

    #[test]
    fn what_is_none_or_means_harm_is_refused() {
        let deep = format!("<a xmlns='DAV:'>{}", "<b>".repeat(10_000));
        let wide = format!("<multistatus xmlns='DAV:'>{}</multistatus>", "<a/>".repeat(ELEMENTS_MAX + 1));
        for (name, text) in [
            ("nothing", ""),
            ("a page", "<html><body>Hello<br></body></html>"),
            ("another root", "<prop xmlns='DAV:'/>"),
            ("another namespace", "<multistatus xmlns='DAV'/>"),
            ("cut off", &ANSWER[..ANSWER.len() - 20]),
            ("no href", "<multistatus xmlns='DAV:'><response/></multistatus>"),
            ("an unbound prefix", "<d:multistatus/>"),
            (
                "entities",
                "<!DOCTYPE m [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><multistatus xmlns='DAV:'>&a;</multistatus>",
            ),
            ("an entity of nobody", "<multistatus xmlns='DAV:'>&nbsp;</multistatus>"),
            ("depth", &deep),
            ("width", &wide),
        ] {
            assert_eq!(multistatus(text.as_bytes()), Err(NotAMultistatus), "{name}");
        }
        assert_eq!(multistatus(b"\xff\xfe<\0"), Err(NotAMultistatus));
    }
}
