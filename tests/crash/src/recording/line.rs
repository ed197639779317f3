//! The lines that `strace -f -y -xx` writes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// A call that has returned.
pub(super) struct Call {
    pub(super) name: String,
    words: Vec<String>,
    /// What it returned; `None` for an error.
    pub(super) returned: Option<u64>,
    /// The line at which it was made.
    pub(super) begin: usize,
    /// The line at which it returned.
    pub(super) end: usize,
}

impl Call {
    /// How many parameters it has.
    pub(super) fn words(&self) -> usize {
        self.words.len()
    }

    pub(super) fn word(&self, at: usize) -> Result<&str, String> {
        self.words.get(at).map(String::as_str).ok_or_else(|| format!("{} has no parameter {at}", self.name))
    }

    pub(super) fn number(&self, at: usize) -> Result<u64, String> {
        self.word(at)?.parse().map_err(|_| format!("{}: parameter {at} is no number", self.name))
    }

    /// The number of a descriptor: `5` of `5<path>`.
    pub(super) fn descriptor(&self, at: usize) -> Result<u64, String> {
        let word = self.word(at)?;
        let digits = word.split('<').next().unwrap_or(word);
        digits.parse().map_err(|_| format!("{}: parameter {at} is no descriptor", self.name))
    }

    /// The path of a descriptor, or a path.
    pub(super) fn path(&self, at: usize) -> Result<PathBuf, String> {
        let word = self.word(at)?;
        let inner = word.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>')).map(|(path, _)| path);
        let hex = inner.or_else(|| word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')));
        let bytes = unhex(hex.ok_or_else(|| format!("{}: parameter {at} is no path", self.name))?)?;
        Ok(PathBuf::from(OsString::from_vec(bytes)))
    }

    /// Whether a descriptor's file has lost its name.
    pub(super) fn is_nameless(&self, at: usize) -> bool {
        self.word(at).is_ok_and(|word| word.ends_with(">(deleted)"))
    }

    /// A path in quotes, if the parameter is one.
    pub(super) fn quoted(&self, at: usize) -> Option<PathBuf> {
        self.word(at).ok().filter(|word| word.starts_with('"')).and_then(|_| self.path(at).ok())
    }

    pub(super) fn bytes(&self, at: usize) -> Result<Vec<u8>, String> {
        let word = self.word(at)?;
        match word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(hex) => unhex(hex),
            None => Err(format!("{}: parameter {at} was cut or is no string", self.name)),
        }
    }
}

/// The lines of a log, numbered.
type Numbered<'a> = std::iter::Enumerate<std::slice::Split<'a, u8, fn(&u8) -> bool>>;

/// Calls in the order in which they returned.
pub(super) struct Lines<'a> {
    lines: Numbered<'a>,
    unfinished: BTreeMap<String, (usize, String)>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(log: &'a [u8]) -> Self {
        let is_end: fn(&u8) -> bool = |byte| *byte == b'\n';
        Self { lines: log.split(is_end).enumerate(), unfinished: BTreeMap::new() }
    }

    pub(super) fn next(&mut self) -> Result<Option<Call>, String> {
        for (at, line) in self.lines.by_ref() {
            let line = std::str::from_utf8(line).map_err(|_| format!("line {at} is no text"))?;
            let Some((thread, rest)) = line.split_once(' ') else { continue };
            let (thread, rest) = (thread.to_owned(), rest.trim_start());
            if let Some(start) = rest.strip_suffix("<unfinished ...>") {
                self.unfinished.insert(thread, (at, start.trim_end().to_owned()));
            } else if let Some((_, tail)) = rest.strip_prefix("<... ").and_then(|r| r.split_once(" resumed>"))
            {
                let (begin, start) =
                    self.unfinished.remove(&thread).ok_or_else(|| format!("line {at} resumes nothing"))?;
                return parse(&format!("{start}{tail}"), begin, at).map(Some);
            } else if rest.contains('(') {
                return parse(rest, at, at).map(Some);
            }
        }
        Ok(None)
    }
}

fn parse(text: &str, begin: usize, end: usize) -> Result<Call, String> {
    let odd = || format!("line {end} is not understood: {}", text.chars().take(80).collect::<String>());
    let (name, rest) = text.split_once('(').ok_or_else(odd)?;
    let (words, returned) = rest.rsplit_once(" = ").ok_or_else(odd)?;
    let words = words.trim_end().strip_suffix(')').ok_or_else(odd)?;
    // Strings and paths are all hex, so that no comma stands in one.
    let words = words.split(", ").map(str::to_owned).collect();
    let digits = returned.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    Ok(Call { name: name.to_owned(), words, returned: digits.parse().ok(), begin, end })
}

/// `\x2f\x61` as bytes.
fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let (escapes, []) = text.as_bytes().as_chunks::<4>() else {
        return Err("a string that was cut".to_owned());
    };
    let digit = |digit: u8| (digit as char).to_digit(16).map(|digit| digit as u8);
    let byte = |escape: &[u8; 4]| match escape {
        [b'\\', b'x', high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    escapes.iter().map(byte).collect::<Option<_>>().ok_or_else(|| "a string that is not hex".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_whole_and_in_parts() {
        let log = b"7 pwrite64(5<\\x2f\\x61>, \"\\x00\\x2c\", 2, 10 <unfinished ...>\n\
                    8 fsync(5<\\x2f\\x61>) = -1 EIO (Input/output error) (INJECTED)\n\
                    7 <... pwrite64 resumed>)           = 2\n";
        let mut lines = Lines::new(log);
        let sync = lines.next().unwrap().unwrap();
        assert_eq!((sync.name.as_str(), sync.returned, sync.begin, sync.end), ("fsync", None, 1, 1));
        let write = lines.next().unwrap().unwrap();
        assert_eq!((write.returned, write.begin, write.end), (Some(2), 0, 2));
        assert_eq!(write.path(0).unwrap(), PathBuf::from("/a"));
        assert_eq!((write.descriptor(0).unwrap(), write.number(3).unwrap()), (5, 10));
        assert_eq!(write.bytes(1).unwrap(), [0, b',']);
        assert!(lines.next().unwrap().is_none());
    }
}
