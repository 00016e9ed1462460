//! The deserialiser's messages in the words of someone who writes a file.

/// What a message of the deserialiser means: where, what, what next.
pub(super) struct Wording {
    /// Key below the reported path that the fault is about, when the path stops short of it.
    pub(super) key: Option<String>,
    /// What is wrong.
    pub(super) problem: String,
    /// What would be right.
    pub(super) help: String,
}

/// Rewords a message; one that is not recognised is passed on.
pub(super) fn reword(message: &str) -> Wording {
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return unknown_key(rest);
    }
    if let Some(key) = message
        .strip_prefix("missing field ")
        .and_then(|rest| quoted(rest).next())
    {
        return Wording {
            key: Some(key.to_owned()),
            problem: "the key is missing".into(),
            help: format!("add `{key}`"),
        };
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let mut words = quoted(rest);
        let found = words.next().unwrap_or("").to_owned();
        let allowed: Vec<&str> = words.collect();
        return Wording {
            key: None,
            problem: format!("`{found}` is none of the words allowed here"),
            help: format!(
                "did you mean `{}`? Allowed: {}",
                nearest(&found, allowed.iter().copied()),
                allowed.join(", ")
            ),
        };
    }
    let typed = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, expected)) = typed.and_then(|rest| rest.rsplit_once(", expected ")) {
        return Wording {
            key: None,
            problem: format!("{} was expected, not {}", kind(expected), kind(found)),
            help: example(expected).into(),
        };
    }
    if message.starts_with("a number, or a table") {
        return Wording {
            key: None,
            problem: format!("{message} was expected"),
            help: "a series is one bound under [data] in the scenario".into(),
        };
    }
    // Everything else that is parsed from text inside a value is an instant.
    Wording {
        key: None,
        problem: message.to_owned(),
        help: "an instant is text with its offset, such as \"2022-01-01T06:00:00Z\"".into(),
    }
}

fn unknown_key(rest: &str) -> Wording {
    let mut words = quoted(rest);
    let key = words.next().unwrap_or("").to_owned();
    let known: Vec<&str> = words.collect();
    Wording {
        problem: "there is no such key here".into(),
        help: format!(
            "did you mean `{}`? Keys here: {}",
            nearest(&key, known.iter().copied()),
            known.join(", ")
        ),
        key: Some(key),
    }
}

/// The words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A type or a found value of a message, for people.
fn kind(text: &str) -> &str {
    match text.split_whitespace().next().unwrap_or("") {
        "string" | "a" if text.starts_with("string") || text == "a string" => "text",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of zero or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "integer" if text.contains("`-") => "a negative number",
        "integer" => "a whole number",
        "floating" => "a number with a fraction",
        "boolean" | "bool" => "true or false",
        "map" | "struct" => "a table",
        "sequence" => "a list",
        _ => text,
    }
}

fn example(expected: &str) -> &'static str {
    match kind(expected) {
        "text" => "put the value in double quotes",
        "a whole number of zero or more" | "a whole number" => "write digits alone, such as 12",
        "a number" => "write digits without quotes or unit, such as 12.5; the key names the unit",
        "true or false" => "write true or false without quotes",
        "a list" => "put the values in brackets, such as [1, 2]",
        "a table" => "write { key = value }, or a section in brackets",
        _ if expected.contains("timestamp") || expected.contains("instant") => {
            "an instant is text with its offset, such as \"2022-01-01T06:00:00Z\""
        }
        _ => "compare with the examples in simulations/ and forecasts/",
    }
}

/// The candidate that shares most letters in order with `name`; for "did you mean".
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> &'a str {
    candidates.max_by_key(|c| score(name, c)).unwrap_or("")
}

/// The nearest candidate, when most of its letters are in the name.
pub(crate) fn near<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    Some(nearest(name, candidates)).filter(|found| score(name, found) > 0)
}

/// Letters of the name found in order in the candidate, less those of it that were not.
fn score(name: &str, candidate: &str) -> i64 {
    let mut rest = candidate.to_lowercase();
    let mut hits = 0i64;
    for letter in name.to_lowercase().chars() {
        if let Some(at) = rest.find(letter) {
            hits += 1;
            rest = rest[at + letter.len_utf8()..].to_owned();
        }
    }
    2 * hits - candidate.chars().count() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_suggested() {
        let wording = reword("unknown field `ratting_mw`, expected one of `id`, `rating_mw`");
        assert_eq!(wording.key.as_deref(), Some("ratting_mw"));
        assert_eq!(
            wording.help,
            "did you mean `rating_mw`? Keys here: id, rating_mw"
        );
    }

    #[test]
    fn what_is_far_from_all_is_not_suggested() {
        let names = || ["swingload", "oracle", "asap"].into_iter();
        assert_eq!(near("swinglod", names()), Some("swingload"));
        assert_eq!(near("orcale", names()), Some("oracle"));
        assert_eq!(near("magic", names()), None);
    }

    #[test]
    fn types_are_in_plain_words() {
        let wording = reword("invalid type: string \"two, expected more\", expected u32");
        assert_eq!(
            wording.problem,
            "a whole number of zero or more was expected, not text"
        );
        let wording = reword("invalid value: integer `-5`, expected u32");
        assert_eq!(
            wording.problem,
            "a whole number of zero or more was expected, not a negative number"
        );
    }

    #[test]
    fn what_is_not_recognised_is_passed_on() {
        assert_eq!(reword("no such thing").problem, "no such thing");
    }
}
