//! The file: TOML, nothing unknown in it, every error with its line.

use std::collections::{BTreeMap, BTreeSet};

use freehold_protocol::path::Path;
use freehold_protocol::vocabulary::Vocabulary;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::{Conflict, EndMapping, FieldMapping, Mapping, MappingError, RecordMapping, Source, Way};
use crate::config::Kind;
use crate::convert::Conversion;
use crate::place::Place;

/// The only version of the form.
const VERSION: u32 = 1;

/// Largest file: every path of the vocabulary with a paragraph each is a third of that.
const FILE_BYTES_MAX: usize = 256 * 1024;

#[derive(Deserialize)]
struct AnyVersion {
    version: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "version")]
    _version: u32,
    system: Kind,
    record: RecordWire,
    #[serde(default)]
    end: EndWire,
    #[serde(default)]
    field: Vec<Spanned<FieldWire>>,
    #[serde(default)]
    rest: Option<Spanned<RestMapping>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordWire {
    object: String,
    did: Spanned<String>,
    reference: Option<Spanned<String>>,
    #[serde(default = "yes")]
    make: bool,
    #[serde(default)]
    duplicates: Vec<Spanned<String>>,
    #[serde(default)]
    new: BTreeMap<String, Spanned<toml::Value>>,
    /// What a field says that says nothing of its own.
    #[serde(default = "overwrite")]
    conflict: Conflict,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndWire {
    #[serde(default = "erase")]
    made: Way,
    #[serde(default = "clear")]
    linked: Way,
    exception: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldWire {
    path: Option<Spanned<String>>,
    paths: Option<Vec<Spanned<String>>>,
    to: Spanned<String>,
    join: Option<String>,
    #[serde(default)]
    convert: Vec<Conversion>,
    or: Option<Spanned<SourceWire>>,
    conflict: Option<Conflict>,
    exception: Option<Spanned<String>>,
    cleared: Option<String>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceWire {
    path: Option<Spanned<String>>,
    paths: Option<Vec<Spanned<String>>>,
    join: Option<String>,
    #[serde(default)]
    convert: Vec<Conversion>,
}

/// How a system of kind `rest` is spoken to. Addresses begin after the configured one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestMapping {
    /// The header that carries the token, with `{token}` in it.
    #[serde(default = "bearer")]
    pub(crate) auth: String,
    /// Further headers, such as an API's version.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A list of records: `GET /contacts?{field}={value}`.
    pub(crate) find: String,
    /// One record: `GET /contacts/{id}`.
    pub(crate) read: String,
    /// A new one: `POST /contacts`.
    pub(crate) create: String,
    /// A changed one: `PATCH /contacts/{id}`.
    pub(crate) update: String,
    /// One that ends: `DELETE /contacts/{id}`; the system cannot without.
    pub(crate) erase: Option<String>,
    /// A request that must answer 2xx when all is well; [`RestMapping::find`] with an unknown value when not given.
    pub(crate) check: Option<String>,
    /// Where the list is in the answer of `find`: members parted by dots; empty when it is the answer.
    #[serde(default)]
    pub(crate) items: String,
    /// Where the record is in the other answers.
    #[serde(default)]
    pub(crate) item: String,
    /// The member that holds a record's number.
    #[serde(default = "id")]
    pub(crate) id: String,
    /// The member that is true, or false with a `!` before it, when a record is out of use; and that archives.
    pub(crate) archived: Option<String>,
}

fn yes() -> bool {
    true
}

fn overwrite() -> Conflict {
    Conflict::Overwrite
}

fn erase() -> Way {
    Way::Erase
}

fn clear() -> Way {
    Way::Clear
}

fn bearer() -> String {
    "Authorization: Bearer {token}".to_owned()
}

fn id() -> String {
    "id".to_owned()
}

impl Default for EndWire {
    fn default() -> Self {
        Self { made: Way::Erase, linked: Way::Clear, exception: None }
    }
}

/// The text, for its lines.
struct Reading<'t>(&'t str);

pub(super) fn parse(text: &str) -> Result<Mapping, MappingError> {
    let reading = Reading(text);
    if text.len() > FILE_BYTES_MAX {
        return Err(
            reading.at(0, format!("larger than {FILE_BYTES_MAX} bytes: a mapping has a few hundred lines"))
        );
    }
    let version: AnyVersion = toml::from_str(text).map_err(|error| reading.syntax(&error))?;
    if *version.version.get_ref() != VERSION {
        let problem = format!("version {} and this program reads {VERSION}", version.version.get_ref());
        return Err(reading.at(version.version.span().start, problem));
    }
    let wire: Wire = toml::from_str(text).map_err(|error| reading.syntax(&error))?;
    let record = reading.record(&wire.record)?;
    let mut fields = Vec::with_capacity(wire.field.len());
    let mut taken: BTreeSet<Place> =
        std::iter::once(record.did.clone()).chain(record.reference.clone()).collect();
    for field in wire.field {
        let start = field.get_ref().to.span().start;
        let field = reading.field(field, wire.record.conflict)?;
        if !taken.insert(field.place.clone()) {
            return Err(
                reading.at(start, format!("{} has a path already: join them, or leave one", field.place))
            );
        }
        fields.push(field);
    }
    if let Some(path) = wire
        .record
        .duplicates
        .iter()
        .find(|path| !fields.iter().any(|field| field.source.paths == [path.get_ref().as_str()]))
    {
        let problem = format!("{} has no field of its own below: add one, or leave it out", path.get_ref());
        return Err(reading.at(path.span().start, problem));
    }
    let rest = match (wire.system, wire.rest) {
        (Kind::Rest, None) => {
            return Err(reading.at(0, "no [rest]: say how the system is spoken to".to_owned()));
        }
        (Kind::Rest, Some(rest)) => Some(reading.rest(rest)?),
        (_, Some(rest)) => {
            let problem = format!("[rest] is for the system rest, not for {}", wire.system.as_str());
            return Err(reading.at(rest.span().start, problem));
        }
        (_, None) => None,
    };
    let exception = wire.end.exception.as_ref().map(|text| reading.exception(text)).transpose()?;
    let end = EndMapping { made: wire.end.made, linked: wire.end.linked, exception };
    Ok(Mapping { system: wire.system, record, end, fields, rest })
}

impl Reading<'_> {
    fn at(&self, offset: usize, problem: String) -> MappingError {
        let before = self.0.as_bytes().get(..offset).unwrap_or(self.0.as_bytes());
        MappingError { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, problem }
    }

    fn syntax(&self, error: &toml::de::Error) -> MappingError {
        self.at(error.span().map_or(0, |span| span.start), error.message().to_owned())
    }

    fn record(&self, wire: &RecordWire) -> Result<RecordMapping, MappingError> {
        let mut new = BTreeMap::new();
        for (field, value) in &wire.new {
            let constant = match value.get_ref() {
                toml::Value::String(text) => Value::from(text.as_str()),
                toml::Value::Integer(number) => Value::from(*number),
                toml::Value::Boolean(is) => Value::from(*is),
                _ => {
                    return Err(self.at(
                        value.span().start,
                        "a new record holds texts, integers and booleans".to_owned(),
                    ));
                }
            };
            new.insert(field.clone(), constant);
        }
        let duplicates: Result<Vec<_>, _> = wire.duplicates.iter().map(|path| self.path(path)).collect();
        Ok(RecordMapping {
            object: wire.object.clone(),
            did: self.place(&wire.did)?,
            reference: wire.reference.as_ref().map(|place| self.place(place)).transpose()?,
            make: wire.make,
            duplicates: duplicates?,
            new,
        })
    }

    fn field(&self, field: Spanned<FieldWire>, conflict: Conflict) -> Result<FieldMapping, MappingError> {
        let start = field.span().start;
        let wire = field.into_inner();
        let source =
            SourceWire { path: wire.path, paths: wire.paths, join: wire.join, convert: wire.convert };
        let source = self.source(source, start)?;
        let or = wire.or.map(|or| {
            let start = or.span().start;
            self.source(or.into_inner(), start)
        });
        let or = or.transpose()?;
        let paths = source.paths.iter().chain(or.iter().flat_map(|or| &or.paths)).cloned().collect();
        Ok(FieldMapping {
            paths,
            place: self.place(&wire.to)?,
            source,
            or,
            conflict: wire.conflict.unwrap_or(conflict),
            exception: wire.exception.as_ref().map(|text| self.exception(text)).transpose()?,
            cleared: wire.cleared,
            optional: wire.optional,
        })
    }

    fn source(&self, wire: SourceWire, start: usize) -> Result<Source, MappingError> {
        let paths = match (&wire.path, &wire.paths) {
            (Some(path), None) => vec![self.path(path)?],
            (None, Some(paths)) if paths.len() > 1 => {
                paths.iter().map(|path| self.path(path)).collect::<Result<_, _>>()?
            }
            _ => return Err(self.at(start, "a field has either path, or paths with two or more".to_owned())),
        };
        if wire.join.is_some() && paths.len() == 1 {
            return Err(self.at(start, "join is for paths, and there is only one".to_owned()));
        }
        if let Err(problem) = wire.convert.iter().try_for_each(Conversion::check) {
            return Err(self.at(start, problem.to_owned()));
        }
        let join = wire.join.unwrap_or_else(|| " ".to_owned());
        Ok(Source { paths, join, convert: wire.convert })
    }

    fn path(&self, text: &Spanned<String>) -> Result<String, MappingError> {
        let start = text.span().start;
        let path =
            Path::parse(text.get_ref()).map_err(|error| self.at(start, format!("no path: {error}")))?;
        let vocabulary = Vocabulary::standard();
        if !path.is_free() && vocabulary.field(&path).is_none() {
            let near =
                vocabulary.nearest(&path).map(|near| format!(": is {near} meant?")).unwrap_or_default();
            return Err(self.at(start, format!("the vocabulary has no {path}{near}")));
        }
        Ok(path.as_str().to_owned())
    }

    fn place(&self, text: &Spanned<String>) -> Result<Place, MappingError> {
        text.get_ref()
            .parse()
            .map_err(|error| self.at(text.span().start, format!("{}: {error}", text.get_ref())))
    }

    /// An exception by its short name or its IRI, as the IRI.
    fn exception(&self, text: &Spanned<String>) -> Result<String, MappingError> {
        let vocabulary = Vocabulary::standard();
        if let Some(exception) = vocabulary.erasure_exception(text.get_ref()) {
            return Ok(exception.iri.clone());
        }
        let names: Vec<&str> = vocabulary.erasure_exceptions().iter().map(|it| it.name.as_str()).collect();
        Err(self.at(
            text.span().start,
            format!("no exception of the vocabulary: use one of {}", names.join(", ")),
        ))
    }

    fn rest(&self, rest: Spanned<RestMapping>) -> Result<RestMapping, MappingError> {
        let start = rest.span().start;
        let rest = rest.into_inner();
        match crate::adapter::rest::check(&rest) {
            Ok(()) => Ok(rest),
            Err(problem) => Err(self.at(start, problem)),
        }
    }
}
