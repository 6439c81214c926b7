use super::rules::{Action, Compiled, Pattern, Rules};
use super::*;
use proptest::prelude::*;

fn redactor(action: Action, extra: &[&str], patterns: &[(&str, &str)]) -> Redactor {
    let mut rules = Rules {
        action,
        ..Rules::default()
    };
    rules.kinds.extend(extra.iter().map(|s| (*s).to_owned()));
    rules.patterns = patterns
        .iter()
        .map(|(name, pattern)| Pattern {
            name: (*name).into(),
            pattern: (*pattern).into(),
        })
        .collect();
    Redactor::new(&Redaction {
        rules: Rc::new(Compiled::new(&rules).expect("rules")),
        org: Uuid::from_u128(7),
        key: "installation secret".into(),
    })
}

fn masked(text: &str) -> String {
    redactor(Action::Replace, &["ip"], &[])
        .text(text)
        .into_owned()
}

#[test]
fn finds_what_people_write() {
    for (text, want) in [
        ("mail jane.doe+x@mail.example.co.uk now", "mail [email] now"),
        ("user='o'brien@example.com'", "user='[email]'"),
        ("GET /?u=jane%40example.com&x=1", "GET /?u=[email]&x=1"),
        ("jürgen@müller.de!", "[email]!"),
        ("<a@b.io>,c@d.org", "<[email]>,[email]"),
        ("card 4111 1111 1111 1111 ok", "card [card] ok"),
        ("card=4111111111111111,", "card=[card],"),
        ("amex 3782-822463-10005.", "amex [card]."),
        ("order-5555555555554444", "order-[card]"),
        ("iban DE89 3704 0044 0532 0130 00 end", "iban [iban] end"),
        ("GB82WEST12345698765432", "[iban]"),
        ("call +49 (30) 901820-12 today", "call [phone] today"),
        ("+4915112345678", "[phone]"),
        ("(212) 555-0123", "[phone]"),
        ("1-212-555-0123 x", "[phone] x"),
        ("tel: 030 1234567", "tel: [phone]"),
        ("030/1234567", "[phone]"),
        ("password=hunter2&user=bob", "password=[secret]&user=bob"),
        ("DB_PASSWORD: 'two words'", "DB_PASSWORD: '[secret]'"),
        ("{\"api_key\": \"abc\"}", "{\"api_key\": \"[secret]\"}"),
        (
            "Authorization: Bearer abc.def-123",
            "Authorization: [secret]",
        ),
        ("sent Bearer abcdefgh12 to it", "sent Bearer [secret] to it"),
        ("key sk_live_abcdefghijklmnop1 used", "key [secret] used"),
        ("AKIAIOSFODNN7EXAMPLE", "[secret]"),
        (
            "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27 x",
            "jwt [secret] x",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- done",
            "[secret] done",
        ),
        ("from 192.168.10.20:443", "from [ip]:443"),
        ("from 2001:db8::ff00:42:8329 ok", "from [ip] ok"),
    ] {
        assert_eq!(masked(text), want, "{text}");
    }
}

#[test]
fn leaves_ordinary_lines_alone() {
    for text in [
        "081109 203518 143 INFO dfs.DataNode$DataXceiver: Receiving block blk_-1608999687919862906 src: /10.250.19.102x:54106",
        "2026-11-21T10:00:00.123Z took 1795251600250 ms, id 550e8400-e29b-41d4-a716-446655440000",
        "blk_4111111111111111 and x4111111111111111",
        "value -4111111111111111",
        "card 4111111111111112 has no valid check digit",
        "iban DE89370400440532013001",
        "version 1.2.3.4.5 at 10:00:00 of std::net::tcp",
        "200 512 1024 7 99 18",
        "user@localhost, @decorator, a@b, x@host1",
        "basic authentication required; bearer authentication required",
        "total_tokens=1234 tokens: 55",
        "password=[secret] token=***",
        "lat 52.520008 lon 13.404954 epoch 1795251600",
        "2026/11/21 10:00 +0100",
        "a+b=c (123) 1+1",
    ] {
        assert_eq!(masked(text), text);
    }
}

#[test]
fn json_stays_json() {
    let mut r = redactor(Action::Replace, &[], &[]);
    for (text, want) in [
        (
            r#"{"a":"x@y.de","n":4111111111111111}"#,
            r#"{"a":"[email]","n":"[card]"}"#,
        ),
        (
            r#"{"password":"a b","pin":1,"token":123456}"#,
            r#"{"password":"[secret]","pin":1,"token":"[secret]"}"#,
        ),
        (
            r#"{"phone":"030 1234567","fax":[1234567]}"#,
            r#"{"phone":"[phone]","fax":["[phone]"]}"#,
        ),
        (
            r#"["line\nx\u0040y.de \"q\""]"#,
            r#"["line\n[email] \"q\""]"#,
        ),
        (
            r#""{\"email\":\"x@y.de\"}""#,
            r#""{\"email\":\"[email]\"}""#,
        ),
        // JavaScript cuts an emoji in half: the rest is looked at all the same
        (
            r#"{"m":"bob@x.de \ud83d","ok":"\ud83d\ude00 \\ud83d"}"#,
            "{\"m\":\"[email] \u{FFFD}\",\"ok\":\"\\ud83d\\ude00 \\\\ud83d\"}",
        ),
        (
            r#"{"tokens_secret":["a1b2c3","d4e5f6",["g7h8i9"]],"n":["fine","too"]}"#,
            r#"{"tokens_secret":["[secret]","[secret]",["[secret]"]],"n":["fine","too"]}"#,
        ),
        (
            r#"{"secret":{"note":"fine"},"x":[true,null,-1.5e3]}"#,
            r#"{"secret":{"note":"fine"},"x":[true,null,-1.5e3]}"#,
        ),
    ] {
        assert_eq!(r.json(text), want);
    }
    let mut r = redactor(Action::Drop, &[], &[]);
    assert_eq!(
        r.json(r#"{"a":"to x@y.de","n":4111111111111111}"#),
        r#"{"a":"to ","n":null}"#
    );
    // two names stay two
    let mut r = redactor(Action::Replace, &[], &[]);
    let names = r.json(r#"{"a@b.de":1,"c@d.de":2}"#).into_owned();
    let read: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&names).expect("JSON");
    assert!(read.len() == 2 && !names.contains('@'), "{names}");
}

#[test]
fn hashes_are_keyed_stable_and_per_organisation() {
    let mut r = redactor(Action::Hash, &[], &[]);
    let one = r.text("x@y.de").into_owned();
    assert!(one.starts_with("[email:") && one.len() == 24, "{one}");
    assert_eq!(r.text("x@y.de"), one);
    assert_ne!(r.text("x@z.de"), one);
    let other = Redactor {
        org: Uuid::from_u128(8),
        ..r.clone()
    };
    assert_ne!(other.clone().text("x@y.de"), one);
    let other = Redactor {
        key: "another".into(),
        ..r
    };
    assert_ne!(other.clone().text("x@y.de"), one);
    // ids and groups are told apart under every action
    let mut r = redactor(Action::Drop, &[], &[]);
    assert_ne!(r.label("a@y.de"), r.label("b@y.de"));
}

#[test]
fn own_patterns_and_counts() {
    let mut r = redactor(Action::Replace, &[], &[("patient", r"PAT-\d{6}")]);
    assert_eq!(
        r.text("PAT-123456 wrote x@y.de, PAT-1 did not"),
        "[patient] wrote [email], PAT-1 did not"
    );
    r.text("a@b.de");
    assert_eq!(
        serde_json::to_string(r.counts()).expect("JSON"),
        r#"{"email":2,"patient":1}"#
    );
    assert_eq!(r.counts().to_string(), "email=2, patient=1");
    for (name, pattern) in [
        ("email", "x"),
        ("A", "x"),
        ("a", "("),
        ("a", "x*"),
        ("a", &"x".repeat(201)),
    ] {
        let rules = Rules {
            patterns: vec![Pattern {
                name: name.into(),
                pattern: pattern.into(),
            }],
            ..Rules::default()
        };
        assert!(Compiled::new(&rules).is_err(), "{name} {pattern}");
    }
}

#[test]
fn own_patterns_find_short_numbers_of_json() {
    let own = [("patient", r"\d{6}"), ("pin", r"^\d{4}$")];
    let mut r = redactor(Action::Replace, &[], &own);
    assert_eq!(
        r.json(r#"{"patient":123456,"list":[7,-654321],"pin":1234,"n":12345,"t":"123456"}"#),
        r#"{"patient":"[patient]","list":[7,"[patient]"],"pin":"[pin]","n":12345,"t":"[patient]"}"#
    );
    assert_eq!(
        serde_json::to_string(r.counts()).expect("JSON"),
        r#"{"patient":3,"pin":1}"#
    );
    let mut r = redactor(Action::Drop, &[], &own);
    assert_eq!(r.json("[123456,12]"), "[null,12]");
    // names say what short numbers are for built-in kinds; the pattern still looks at them
    let mut r = redactor(Action::Replace, &[], &[("code", r"\d{3}")]);
    assert_eq!(
        r.json(r#"{"token":123,"x":1}"#),
        r#"{"token":"[code]","x":1}"#
    );
}

#[test]
fn a_setting_that_cannot_be_read_masks_all_the_same() {
    let rules = rules::cached(Some("{\"kinds\":[\"nonsense\"]}")).expect("default rules");
    let mut r = Redactor::new(&Redaction {
        rules,
        org: Uuid::nil(),
        key: "k".into(),
    });
    assert_eq!(r.text("x@y.de"), "[email]");
}

proptest! {
    #[test]
    fn any_text_keeps_its_characters(text in "(\\PC|[@+%:=(]|4111111111111111|a@b.de|DE89370400440532013000|password=){0,20}") {
        let mut r = redactor(Action::Replace, &["ip"], &[("own", "[xy]+z")]);
        let once = r.text(&text).into_owned();
        let found = r.counts.0.values().sum::<u32>();
        prop_assert_eq!(found == 0, once == text);
    }

    #[test]
    fn any_json_stays_json(strings in prop::collection::vec("(\\PC|\n|\"| 4111111111111111 |a@b.de){0,12}", 0..6)) {
        let value = serde_json::json!({ "a": strings, "password": strings, "n": 4_111_111_111_111_111u64 });
        for text in [value.to_string(), serde_json::to_string_pretty(&value).expect("JSON")] {
            let out = redactor(Action::Replace, &[], &[]).json(&text).into_owned();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{}", out);
            prop_assert!(!out.contains("4111111111111111"), "{}", out);
        }
    }
}

/// Nanoseconds per line: `cargo test --release -p worker-api --lib redact::tests::speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "a native measurement")]
fn speed() {
    let lines: Vec<String> = (0..1000u64)
        .map(|i| {
            let block = i.wrapping_mul(6_364_136_223_846_793_005);
            format!("081109 20{:04} {} INFO dfs.DataNode$PacketResponder: Received block blk_{block} of size {} from /10.250.{}.{}", i % 6000, i % 400, block % 67_108_864, i % 256, i % 99)
        })
        .collect();
    let json: Vec<String> = lines
        .iter()
        .map(|l| {
            format!(
                "{{\"level\":\"INFO\",\"message\":{},\"ms\":12.5}}",
                serde_json::json!(l)
            )
        })
        .collect();
    for (name, lines, is_json) in [("text", &lines, false), ("JSON", &json, true)] {
        let mut r = redactor(Action::Replace, &[], &[]);
        let start = std::time::Instant::now();
        let mut bytes = 0;
        for _ in 0..200 {
            for line in lines {
                bytes += if is_json {
                    r.json(line).len()
                } else {
                    r.text(line).len()
                };
            }
        }
        let ns = start.elapsed().as_nanos() as f64 / 200_000.0;
        println!(
            "{name}: {ns:.0} ns an event of {} bytes, found {:?}",
            bytes / 200_000,
            r.counts()
        );
    }
}

#[test]
fn names_made_of_personal_data_are_redacted_before_they_are_made_to_fit() {
    use crate::ingest::limits::Limits;
    use crate::ingest::otlp::tests::streams_of;
    use crate::ingest::pipeline::Terms;
    let rules = Rules {
        kinds: ["email", "phone", "secret"].map(str::to_owned).into(),
        ..Rules::default()
    };
    let redaction = Redaction {
        rules: Rc::new(Compiled::new(&rules).expect("rules")),
        org: Uuid::from_u128(7),
        key: "installation secret".into(),
    };
    let terms = || Terms {
        redaction: Some(&redaction),
        org: "o",
        prefix: None,
        limits: Limits::default(),
        now_ms: 1_795_251_600_000,
    };
    let streams = streams_of(
        terms,
        "canary@example.com",
        "+4915112345678",
        &[("password", "hunter2"), ("user", "other@example.org")],
    );
    assert!(streams.len() >= 5, "{streams:?}");
    for canary in ["canary", "example", "4915112345678", "hunter2"] {
        let holding: Vec<_> = streams.iter().filter(|s| s.contains(canary)).collect();
        assert!(holding.is_empty(), "{canary} in {holding:?}");
    }
}
