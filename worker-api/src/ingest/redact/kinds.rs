//! How each kind of personal data looks, and the checks that tell it from a number or a word that only looks like it.
//!
//! Every function looks at `b` near a position that [`super::scan`] found suspicious; `free` is where the text not yet taken begins.

use super::scan::{Kind, Kinds, Span};
use std::net::Ipv6Addr;

/// The end of the run of digits at `i`.
pub fn digits_end(b: &[u8], i: usize) -> usize {
    run(b, i, |c| c.is_ascii_digit())
}

fn run(b: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    from + b[from..].iter().take_while(|&&c| belongs(c)).count()
}

fn run_back(b: &[u8], free: usize, end: usize, belongs: impl Fn(u8) -> bool) -> usize {
    end - b[free..end]
        .iter()
        .rev()
        .take_while(|&&c| belongs(c))
        .count()
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80
}

fn at(b: &[u8], i: usize) -> u8 {
    b.get(i).copied().unwrap_or(0)
}

fn before(b: &[u8], i: usize) -> u8 {
    i.checked_sub(1).map_or(0, |p| at(b, p))
}

/// A card, telephone number, IBAN or IPv4 address whose first digits are `b[i..end]`.
pub fn number(b: &[u8], free: usize, i: usize, end: usize, wanted: Kinds) -> Option<Span> {
    let previous = before(b, i);
    if is_word(previous) {
        return (wanted.has(Kind::Iban) && previous.is_ascii_alphabetic())
            .then(|| iban(b, free, i))
            .flatten();
    }
    // a sign, not a separator: `-` after nothing or after `_`
    if previous == b'-' && !before(b, i - 1).is_ascii_alphanumeric() {
        return None;
    }
    if wanted.has(Kind::Ip)
        && let Some(end) = ipv4(b, i)
    {
        return Some(Span::new(i, end, Kind::Ip));
    }
    // most numbers stand alone and are short
    let goes_on = matches!(at(b, end), b' ' | b'-' | b'.' | b'/' | b')')
        && matches!(at(b, end + 1), b'0'..=b'9' | b' ' | b'(' | b'-');
    if !goes_on && end - i < 7 {
        return None;
    }
    let groups = Groups::read(b, i, end);
    if groups.total < 7 {
        return None;
    }
    if wanted.has(Kind::Card)
        && let Some(end) = groups.card(b)
    {
        return Some(Span::new(i, end, Kind::Card));
    }
    if wanted.has(Kind::Phone)
        && let Some(end) = groups.national(b).or_else(|| {
            let named = phone_word(b, free, i);
            (named && (7..=15).contains(&groups.total)).then(|| groups.end())
        })
    {
        return Some(Span::new(i, end, Kind::Phone));
    }
    None
}

/// Groups of digits with one separator between them.
struct Groups {
    /// Start and end of each.
    at: [(usize, usize); 8],
    count: usize,
    /// Digits in all groups.
    total: usize,
}

impl Groups {
    fn read(b: &[u8], start: usize, end: usize) -> Self {
        let mut groups = Self {
            at: [(0, 0); 8],
            count: 1,
            total: end - start,
        };
        groups.at[0] = (start, end);
        let mut end = end;
        while groups.count < groups.at.len() {
            let mut next = end;
            if matches!(at(b, next), b' ' | b'-' | b'.' | b'/' | b')') {
                next += 1;
                // `(030) 12…` and `+49 (30) 12…`
                if (before(b, next) == b')' && matches!(at(b, next), b' ' | b'-'))
                    || at(b, next) == b'('
                {
                    next += 1;
                }
            }
            if next == end || !at(b, next).is_ascii_digit() {
                break;
            }
            end = digits_end(b, next);
            groups.total += end - next;
            groups.at[groups.count] = (next, end);
            groups.count += 1;
        }
        groups
    }

    fn end(&self) -> usize {
        self.at[self.count - 1].1
    }
    fn len(&self, group: usize) -> usize {
        self.at[group].1 - self.at[group].0
    }
    fn separator(&self, b: &[u8], group: usize) -> u8 {
        at(b, self.at[group].1)
    }

    /// The end of a card number: the leading digits of an issuer, its length, and Luhn's check digit (ISO/IEC 7812-1).
    fn card(&self, b: &[u8]) -> Option<usize> {
        let mut digits = [0u8; 19];
        let mut len = 0;
        for group in 0..self.count {
            let (start, end) = self.at[group];
            // groups of a card have four to six digits, the last may have fewer; all separators are the same
            if group > 0 {
                let separator = self.separator(b, group - 1);
                let alike = matches!(separator, b' ' | b'-') && separator == self.separator(b, 0);
                if !alike
                    || start - self.at[group - 1].1 != 1
                    || !(4..=6).contains(&self.len(group - 1))
                {
                    break;
                }
            }
            for &c in &b[start..end] {
                *digits.get_mut(len)? = c - b'0';
                len += 1;
            }
            if len >= 13 && !is_word(at(b, end)) && is_card(&digits[..len]) {
                return Some(end);
            }
        }
        None
    }

    /// The end of a telephone number as written at home: `(212) 555-0123`, `212-555-0123`, `030/1234567`.
    fn national(&self, b: &[u8]) -> Option<usize> {
        if is_word(at(b, self.end())) {
            return None;
        }
        let first = at(b, self.at[0].0);
        let joined = |group: usize| matches!(self.separator(b, group), b'-' | b'.' | b')');
        let skip = usize::from(self.len(0) == 1 && first == b'1' && self.count > 3);
        let american = self.count >= skip + 3
            && self.len(skip) == 3
            && self.len(skip + 1) == 3
            && self.len(skip + 2) == 4
            && [skip, skip + 1]
                .into_iter()
                .all(|g| at(b, self.at[g].0) >= b'2')
            && joined(skip)
            && joined(skip + 1);
        if american {
            return Some(self.at[skip + 2].1);
        }
        let european = first == b'0'
            && self.count >= 2
            && (3..=5).contains(&self.len(0))
            && matches!(self.separator(b, 0), b'-' | b'/' | b')')
            && self.len(1) >= 3
            && (9..=12).contains(&self.total);
        european.then(|| self.end())
    }
}

fn is_card(digits: &[u8]) -> bool {
    let prefix = |n: usize| {
        digits[..n]
            .iter()
            .fold(0u32, |acc, &d| acc * 10 + u32::from(d))
    };
    let len = digits.len();
    let issuer = match (prefix(1), prefix(2), prefix(4)) {
        (4, ..) => matches!(len, 13 | 16 | 19),
        (_, 51..=55, _) | (_, _, 2221..=2720) => len == 16,
        (_, 34 | 37, _) => len == 15,
        (_, 36 | 38 | 39, _) | (_, _, 3000..=3059) => (14..=19).contains(&len),
        (_, _, 3528..=3589) | (_, 60 | 62 | 64 | 65 | 81, _) => (16..=19).contains(&len),
        (_, 50 | 56..=69, _) => true,
        _ => false,
    };
    issuer && luhn(digits)
}

/// Luhn's check digit over decimal digits.
pub fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &d)| {
            let d = u32::from(d) << (i % 2);
            if d > 9 { d - 9 } else { d }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A telephone number in international form (E.164: at most 15 digits), or with its area code in parentheses.
pub fn phone(b: &[u8], i: usize) -> Option<Span> {
    if is_word(before(b, i)) {
        return None;
    }
    let start = i + 1 + usize::from(b[i] == b'+' && at(b, i + 1) == b'(');
    if !at(b, start).is_ascii_digit() {
        return None;
    }
    let groups = Groups::read(b, start, digits_end(b, start));
    if b[i] == b'(' {
        return groups.national(b).map(|end| Span::new(i, end, Kind::Phone));
    }
    let fits =
        (8..=15).contains(&groups.total) && at(b, start) != b'0' && !is_word(at(b, groups.end()));
    fits.then(|| Span::new(i, groups.end(), Kind::Phone))
}

/// Words that say that a telephone number follows.
const PHONE_WORDS: [&[u8]; 8] = [
    b"tel",
    b"phone",
    b"telephone",
    b"mobile",
    b"msisdn",
    b"fax",
    b"whatsapp",
    b"phonenumber",
];

fn phone_word(b: &[u8], free: usize, i: usize) -> bool {
    let end = run_back(b, free, i, |c| b" :=.#\"'".contains(&c));
    let start = run_back(b, free, end, |c| c.is_ascii_alphabetic());
    i - end <= 4
        && PHONE_WORDS
            .iter()
            .any(|w| w.eq_ignore_ascii_case(&b[start..end]))
}

/// Whether the field called `name` holds a telephone number: its last letters say so.
pub fn is_phone_name(name: &[u8]) -> bool {
    let end = letters_of(name);
    PHONE_WORDS.iter().any(|w| end.as_slice().ends_with(w))
}

/// An IBAN whose check digits begin at `i`: the length of its country, and ISO 7064 mod 97-10.
fn iban(b: &[u8], free: usize, i: usize) -> Option<Span> {
    let start = i.checked_sub(2).filter(|&s| s >= free)?;
    if !b[start..i].iter().all(u8::is_ascii_alphabetic)
        || (start > free && is_word(before(b, start)))
    {
        return None;
    }
    let country = [
        b[start].to_ascii_uppercase(),
        b[start + 1].to_ascii_uppercase(),
    ];
    let length = IBAN_LENGTHS
        .iter()
        .find(|(c, _)| *c == &country)
        .map(|(_, l)| *l)?;
    let mut digits = [0u8; 34];
    let mut len = 0;
    let mut j = start;
    while len < length {
        let c = at(b, j);
        if c == b' ' && len > 0 && before(b, j) != b' ' {
            j += 1;
            continue;
        }
        if !c.is_ascii_alphanumeric() {
            return None;
        }
        digits[len] = c.to_ascii_uppercase();
        len += 1;
        j += 1;
    }
    let code = digits[..length].to_vec();
    let rest = code[4..]
        .iter()
        .chain(&code[..4])
        .fold(0u32, |acc, &c| match c {
            b'0'..=b'9' => (acc * 10 + u32::from(c - b'0')) % 97,
            _ => (acc * 100 + u32::from(c - b'A') + 10) % 97,
        });
    (rest == 1 && !is_word(at(b, j))).then(|| Span::new(start, j, Kind::Iban))
}

/// Country and length (IBAN registry of SWIFT).
const IBAN_LENGTHS: [(&[u8; 2], usize); 79] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
];

/// The end of four octets with dots at `i`, a fifth of which would make it a version.
fn ipv4(b: &[u8], i: usize) -> Option<usize> {
    let mut j = i;
    for octet in 0..4 {
        let end = digits_end(b, j);
        let value = b[j..end]
            .iter()
            .take(4)
            .fold(0u32, |acc, &c| acc * 10 + u32::from(c - b'0'));
        if end == j || end - j > 3 || value > 255 {
            return None;
        }
        j = end;
        if octet < 3 {
            if at(b, j) != b'.' {
                return None;
            }
            j += 1;
        }
    }
    let goes_on = is_word(at(b, j)) || (at(b, j) == b'.' && at(b, j + 1).is_ascii_digit());
    (before(b, i) != b'.' && !goes_on).then_some(j)
}

/// An IPv6 address around the colon at `i`.
pub fn ipv6(b: &[u8], free: usize, i: usize) -> Option<Span> {
    let belongs = |c: u8| c.is_ascii_hexdigit() || c == b':' || c == b'.';
    let start = run_back(b, free, i, belongs);
    let mut end = run(b, i, belongs);
    while end > start && before(b, end) == b'.' {
        end -= 1;
    }
    if end - start < 6 || is_word(at(b, end)) || (start > free && is_word(before(b, start))) {
        return None;
    }
    let text = std::str::from_utf8(&b[start..end]).ok()?;
    text.parse::<Ipv6Addr>()
        .is_ok()
        .then(|| Span::new(start, end, Kind::Ip))
}

/// An address around the `@` at `i`, which takes `width` bytes. Its domain has a dot and ends in letters.
pub fn email(b: &[u8], free: usize, i: usize, width: usize) -> Option<Span> {
    let mut start = run_back(b, free, i, |c| is_word(c) || b".+-~'".contains(&c));
    while start < i && b".'-".contains(&b[start]) {
        start += 1;
    }
    let domain = i + width;
    let mut end = run(b, domain, |c| {
        c.is_ascii_alphanumeric() || c == b'-' || c == b'.' || c >= 0x80
    });
    while end > domain && b".-".contains(&b[end - 1]) {
        end -= 1;
    }
    if start == i {
        return None;
    }
    let dot = domain + b[domain..end].iter().rposition(|&c| c == b'.')?;
    let top = &b[dot + 1..end];
    let named = top.len() >= 2
        && (top.iter().all(|c| c.is_ascii_alphabetic() || *c >= 0x80) || top.starts_with(b"xn--"));
    (named && dot > domain).then(|| Span::new(start, end, Kind::Email))
}

/// The last letters of names whose value is a credential.
const SECRET_NAMES: [&[u8]; 13] = [
    b"password",
    b"passwd",
    b"pwd",
    b"passphrase",
    b"secret",
    b"token",
    b"apikey",
    b"authorization",
    b"privatekey",
    b"accesskey",
    b"secretkey",
    b"cookie",
    b"credentials",
];

/// The last 16 letters and digits of a name, lower-case: `X-Api_Key` ends like `apikey`.
fn letters_of(name: &[u8]) -> Vec<u8> {
    let mut last: Vec<u8> = name
        .iter()
        .rev()
        .filter(|c| c.is_ascii_alphanumeric())
        .take(16)
        .map(u8::to_ascii_lowercase)
        .collect();
    last.reverse();
    last
}

/// Whether the field called `name` holds a credential.
pub fn is_secret_name(name: &[u8]) -> bool {
    // most names do not end like any of them
    let Some(last) = name.iter().rfind(|c| c.is_ascii_alphanumeric()) else {
        return false;
    };
    if !b"deyntsk".contains(&last.to_ascii_lowercase()) {
        return false;
    }
    let end = letters_of(name);
    SECRET_NAMES.iter().any(|n| end.ends_with(n))
}

/// The value after the `=` or `:` at `i` where a credential's name stands before it.
pub fn assigned(b: &[u8], free: usize, i: usize) -> Option<Span> {
    let name_end = run_back(b, free, i, |c| b" \"'".contains(&c));
    if i - name_end > 3 {
        return None;
    }
    let name = run_back(b, free, name_end, |c| is_word(c) || c == b'-');
    if name_end - name < 3 || !is_secret_name(&b[name..name_end]) {
        return None;
    }
    let mut start = run(b, i + 1, |c| c == b' ');
    let quote = Some(at(b, start)).filter(|c| b"\"'".contains(c));
    let end = match quote {
        Some(quote) => {
            start += 1;
            run(b, start, |c| c != quote)
        }
        None => {
            let end = value_end(b, start);
            let scheme = [b"bearer".as_slice(), b"basic", b"token", b"digest"];
            if at(b, end) == b' '
                && scheme
                    .iter()
                    .any(|s| s.eq_ignore_ascii_case(&b[start..end]))
            {
                value_end(b, end + 1)
            } else {
                end
            }
        }
    };
    // already masked by the sender
    let masked = b[start..end].iter().all(|c| b"*[]<>.".contains(c))
        || (at(b, start) == b'[' && at(b, end) == b']');
    (end > start && !masked).then(|| Span::new(start, end, Kind::Secret))
}

fn value_end(b: &[u8], start: usize) -> usize {
    run(b, start, |c| {
        !c.is_ascii_whitespace() && !b",;&\"')}]<>".contains(&c)
    })
}

/// Beginnings of keys and tokens that their issuers made recognisable.
const PREFIXES: [&[u8]; 28] = [
    b"sk_live_",
    b"sk_test_",
    b"rk_live_",
    b"rk_test_",
    b"pk_live_",
    b"sk-",
    b"whsec_",
    b"dlk_live_",
    b"dlk_test_",
    b"sb_secret_",
    b"sbp_",
    b"ghp_",
    b"gho_",
    b"ghu_",
    b"ghs_",
    b"ghr_",
    b"github_pat_",
    b"glpat-",
    b"xoxb-",
    b"xoxp-",
    b"xoxa-",
    b"xapp-",
    b"AIza",
    b"npm_",
    b"hf_",
    b"shpat_",
    b"dop_v1_",
    b"pypi-",
];

/// A token, signed token, private key or the credential after `Bearer` and `Basic`, at the word `b[start..end]`.
pub fn word(b: &[u8], start: usize, end: usize) -> Option<Span> {
    let word = &b[start..end];
    if at(b, end) == b' '
        && (word.eq_ignore_ascii_case(b"bearer") || word.eq_ignore_ascii_case(b"basic"))
    {
        let from = end + 1;
        let to = run(b, from, |c| {
            c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c)
        });
        // prose goes on with a plain word
        let is_token = b[from..to].iter().any(|c| !c.is_ascii_lowercase());
        return (to - from >= 8 && is_token).then(|| Span::new(from, to, Kind::Secret));
    }
    if word.starts_with(b"-----BEGIN") {
        let is_private = b[end..b.len().min(end + 40)]
            .windows(11)
            .any(|w| w == b"PRIVATE KEY");
        return is_private.then(|| Span::new(start, pem_end(b, end), Kind::Secret));
    }
    if word.starts_with(b"eyJ") && at(b, end) == b'.' {
        let to = run(b, start, |c| {
            c.is_ascii_alphanumeric() || b"-_.".contains(&c)
        });
        return (to - start >= 30).then(|| Span::new(start, to, Kind::Secret));
    }
    if word.len() < 16 {
        return None;
    }
    let aws = word.len() == 20
        && [b"AKIA", b"ASIA"].iter().any(|p| word.starts_with(*p))
        && word
            .iter()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let known = PREFIXES.iter().any(|p| word.starts_with(p)) && word.iter().any(u8::is_ascii_digit);
    (aws || known).then(|| Span::new(start, end, Kind::Secret))
}

/// The end of the block that begins before `from`: after its last dashes, or the end of the text.
fn pem_end(b: &[u8], from: usize) -> usize {
    let tail = &b[from..];
    let Some(close) = tail.windows(8).position(|w| w == b"-----END") else {
        return b.len();
    };
    let after = from + close + 8;
    let dashes = b[after..].windows(5).position(|w| w == b"-----");
    dashes.map_or(b.len(), |d| after + d + 5)
}
