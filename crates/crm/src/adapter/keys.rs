//! Keys that one request can look for, and what was found for each.

use super::Key;

/// Pairs of a text and the number of a record that holds it.
pub(super) type Pairs = Vec<(String, String)>;

/// The keys by object and place: one of each with all the texts that are looked for there.
pub(super) fn grouped(keys: &[Key]) -> Vec<(&Key, Vec<&str>)> {
    let mut groups: Vec<(&Key, Vec<&str>)> = Vec::new();
    for key in keys {
        match groups.iter_mut().find(|(first, _)| is_alike(first, key)) {
            Some((_, texts)) if texts.contains(&key.text.as_str()) => {}
            Some((_, texts)) => texts.push(&key.text),
            None => groups.push((key, vec![&key.text])),
        }
    }
    groups
}

/// The numbers for each key, from what was found for each group.
pub(super) fn spread(keys: &[Key], found: &[(&Key, Pairs)]) -> Vec<Vec<String>> {
    let numbers = |key: &Key| {
        let groups = found.iter().filter(|(first, _)| is_alike(first, key));
        let pairs = groups.flat_map(|(_, pairs)| pairs).filter(|(text, _)| *text == key.text);
        let mut numbers: Vec<String> = pairs.map(|(_, number)| number.clone()).collect();
        numbers.sort();
        numbers.dedup();
        numbers
    };
    keys.iter().map(numbers).collect()
}

fn is_alike(one: &Key, other: &Key) -> bool {
    one.object == other.object && one.place == other.place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(object: &str, place: &str, text: &str) -> Key {
        Key { object: object.to_owned(), place: place.parse().unwrap(), text: text.to_owned() }
    }

    #[test]
    fn each_key_gets_what_was_found_at_its_place_and_no_other() {
        let keys = [key("c", "did", "a"), key("c", "mail", "a"), key("c", "did", "b"), key("c", "did", "a")];
        let groups = grouped(&keys);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].1, ["a", "b"]);
        let pair = |text: &str, number: &str| (text.to_owned(), number.to_owned());
        let found = [(groups[0].0, vec![pair("b", "7"), pair("a", "2"), pair("a", "1"), pair("a", "1")])];
        assert_eq!(spread(&keys, &found), [vec!["1", "2"], vec![], vec!["7"], vec!["1", "2"]]);
    }
}
