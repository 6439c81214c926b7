//! What was said to and by language models, from OpenTelemetry's semantic conventions for generative AI.
//!
//! Read are the current names (`gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.tool.call.*`, `gen_ai.usage.input_tokens`), message
//! events of the versions before (`gen_ai.user.message`, `gen_ai.choice`), and the oldest (`gen_ai.prompt`, `gen_ai.completion`, also
//! indexed as in `gen_ai.prompt.0.content`). A call's prompts, answers, tool calls and usage each have a stream of their own, since what
//! is usual differs, under `llm/<agent, else service>/<model>`, in front of which stands the stream that the record is to have. A conversation is resent with every call: only what is new in it is taken.

use super::intake::{Intake, Made};
use super::messages::{Message, Said, read};
use super::origin::{NAMED_BYTES, Origin, room, slug};
use super::proto::opentelemetry::proto::common::v1::{AnyValue, KeyValue, any_value::Value};
use super::proto::opentelemetry::proto::logs::v1::LogRecord;
use super::proto::opentelemetry::proto::trace::v1::Span;
use super::value;
use cbad::Kind;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Bytes of an agent's and a model's name in a stream's.
const NAME_BYTES: usize = 48;

/// What a record tells of a call.
#[derive(Debug, Default)]
pub struct Call {
    said: Vec<Said>,
    usage: String,
    /// Whether the record is a message and nothing else: taken as such it needs no event of its own.
    pub is_message: bool,
}

/// Where a call belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// When.
    pub timestamp_ms: Option<i64>,
    /// Ids in hexadecimal.
    pub trace: Option<&'a str>,
    /// See `trace`.
    pub span: Option<&'a str>,
    /// Whether the record has an event of its own beside it.
    pub is_part: bool,
}

/// Whether attributes are about a language model.
pub fn concerns(attributes: &[KeyValue]) -> bool {
    attributes.iter().any(|kv| kv.key.starts_with(b"gen_ai."))
}

/// Attributes that are taken from a span into streams of their own, or are ids.
pub fn is_content(key: &str) -> bool {
    // `gen_ai.prompt.name` is a name, `gen_ai.prompt.0.content` is said
    let indexed = |prefix| {
        let rest = key.strip_prefix(prefix);
        rest.is_some_and(|r: &str| r.is_empty() || matches!(r.as_bytes(), [b'.', b'0'..=b'9', ..]))
    };
    let begins = [
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.",
        "gen_ai.tool.definitions",
        "gen_ai.usage.",
        "gen_ai.response.id",
        "gen_ai.conversation.id",
    ]
    .iter()
    .any(|content| key.starts_with(content));
    begins || indexed("gen_ai.prompt") || indexed("gen_ai.completion")
}

/// A span about a model or a tool.
pub fn of_span(s: &Span, duration_ms: Option<f64>) -> Option<Call> {
    if !concerns(&s.attributes) {
        return None;
    }
    let mut call = Call::default();
    call.attributes(&s.attributes);
    for event in &s.events {
        call.event(&value::lossless(&event.name), &event.attributes, None);
    }
    call.usage(&s.attributes, duration_ms);
    Some(call)
}

/// A log record that is a message of a model, or has attributes that tell of a call; `None` for any other.
pub fn of_log(r: &LogRecord) -> Option<Call> {
    let named = value::text(&r.attributes, "event.name");
    let name = if r.event_name.is_empty() {
        named.unwrap_or_default()
    } else {
        value::lossless(&r.event_name)
    };
    if !name.starts_with("gen_ai.") && !concerns(&r.attributes) {
        return None;
    }
    let mut call = Call::default();
    call.attributes(&r.attributes);
    let before = call.said.len();
    call.event(&name, &[], r.body.as_ref());
    call.is_message = match &*name {
        "gen_ai.content.prompt" | "gen_ai.content.completion" => before > 0 && r.body.is_none(),
        _ => call.said.len() > before,
    };
    call.usage(&r.attributes, None);
    (!call.said.is_empty() || !call.usage.is_empty()).then_some(call)
}

/// An attribute as the JSON it holds: senders write structures as such, or as text.
fn json(value: Option<&AnyValue>) -> Option<String> {
    let value = value?;
    match value.value.as_ref()? {
        Value::StringValue(text) => Some(value::lossless(text).into_owned()),
        _ => {
            let mut out = String::new();
            value::any(&mut out, Some(value));
            Some(out)
        }
    }
}

fn attribute(list: &[KeyValue], key: &str) -> Option<String> {
    let found = list.iter().find(|kv| kv.key == key.as_bytes())?;
    json(found.value.as_ref()).filter(|t| !t.is_empty())
}

impl Call {
    fn attributes(&mut self, list: &[KeyValue]) {
        if let Some(text) = attribute(list, "gen_ai.system_instructions") {
            for message in read(&text) {
                message.as_prompt("system", &mut self.said);
            }
        }
        for key in ["gen_ai.input.messages", "gen_ai.prompt"] {
            if let Some(text) = attribute(list, key) {
                self.prompts(&read(&text));
            }
        }
        for key in ["gen_ai.output.messages", "gen_ai.completion"] {
            if let Some(text) = attribute(list, key) {
                read(&text).iter().for_each(|m| m.as_answer(&mut self.said));
            }
        }
        self.prompts(&indexed(list, "gen_ai.prompt."));
        for message in indexed(list, "gen_ai.completion.") {
            message.as_answer(&mut self.said);
        }
        if let Some(tool) = value::text(list, "gen_ai.tool.name") {
            let arguments = attribute(list, "gen_ai.tool.call.arguments");
            let result = attribute(list, "gen_ai.tool.call.result");
            if arguments.is_some() || result.is_none() {
                self.said
                    .push(Said::tool(&tool, "arguments", arguments.as_deref()));
            }
            if result.is_some() {
                self.said
                    .push(Said::tool(&tool, "result", result.as_deref()));
            }
        }
    }

    /// What came after the model's own last message is new.
    fn prompts(&mut self, messages: &[Message]) {
        let new = messages
            .iter()
            .rposition(Message::is_answer)
            .map_or(0, |at| at + 1);
        for message in messages.get(new..).unwrap_or_default() {
            message.as_prompt("user", &mut self.said);
        }
    }

    /// A message as an event, on a span or by itself.
    fn event(&mut self, name: &str, attributes: &[KeyValue], body: Option<&AnyValue>) {
        let whole = || {
            let mut out = String::new();
            value::attributes(&mut out, attributes, &|_| true);
            out
        };
        let text = json(body).unwrap_or_else(whole);
        let role = match name {
            "gen_ai.content.prompt"
            | "gen_ai.content.completion"
            | "gen_ai.client.inference.operation.details" => {
                return self.attributes(attributes);
            }
            "gen_ai.choice" => "",
            "gen_ai.user.message" => "user",
            "gen_ai.system.message" => "system",
            "gen_ai.tool.message" => "tool",
            // an answer given earlier, sent along
            _ => return,
        };
        for message in read(&text) {
            if role.is_empty() {
                message.as_answer(&mut self.said);
            } else {
                message.as_prompt(role, &mut self.said);
            }
        }
    }

    fn usage(&mut self, list: &[KeyValue], duration_ms: Option<f64>) {
        let names: [(&str, &[&str]); 5] = [
            (
                "input_tokens",
                &["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"],
            ),
            (
                "output_tokens",
                &[
                    "gen_ai.usage.output_tokens",
                    "gen_ai.usage.completion_tokens",
                ],
            ),
            ("cached_tokens", &["gen_ai.usage.cache_read.input_tokens"]),
            (
                "reasoning_tokens",
                &["gen_ai.usage.reasoning.output_tokens"],
            ),
            ("cost", &["gen_ai.usage.cost", "gen_ai.usage.total_cost"]),
        ];
        for (name, keys) in names {
            if let Some(x) = keys.iter().find_map(|key| value::numeric(list, key)) {
                self.number(name, x);
            }
        }
        if !self.usage.is_empty()
            && let Some(ms) = duration_ms
        {
            self.number("duration_ms", ms);
        }
    }

    fn number(&mut self, name: &str, x: f64) {
        self.usage
            .push(if self.usage.is_empty() { '{' } else { ',' });
        let _ = write!(self.usage, "\"{name}\":");
        value::number(&mut self.usage, x);
    }

    /// Hands the call's parts to the intake.
    pub fn take(
        self,
        intake: &mut Intake<'_>,
        origin: &Origin,
        list: &[KeyValue],
        place: Place<'_>,
    ) {
        let Place { trace, span, .. } = place;
        let model = value::text(list, "gen_ai.response.model")
            .or_else(|| value::text(list, "gen_ai.request.model"));
        let agent =
            value::text(list, "gen_ai.agent.name").or_else(|| value::text(list, "gen_ai.agent.id"));
        let mut base = match origin.named(list) {
            Some(named) => format!("{}/llm/", intake.slug(&named, NAMED_BYTES)),
            None => "llm/".to_owned(),
        };
        // a slash and the longest part's name go after them
        let most = room(base.len() + "//prompts".len(), 2, NAME_BYTES);
        base.push_str(&match &agent {
            Some(agent) => intake.slug(agent, most),
            None => slug(&origin.service, most),
        });
        if let Some(model) = &model {
            base.push('/');
            base.push_str(&intake.slug(model, most));
        }
        let conversation = value::text(list, "gen_ai.conversation.id");
        intake.clear();
        intake.place(origin, trace, span);
        for (name, text) in [("model", &model), ("agent", &agent)] {
            if let Some(text) = text {
                let _ = write!(intake.metadata, ",\"{name}\":");
                value::string(&mut intake.metadata, text.as_bytes());
            }
        }
        intake.metadata.push('}');
        let made = Made {
            stream: "",
            kind: Kind::Llm,
            timestamp_ms: place.timestamp_ms,
            group: conversation
                .as_deref()
                .or(trace)
                .or(origin.session.as_deref()),
            id: None,
            is_part: place.is_part,
        };
        for said in &self.said {
            intake.text.clear();
            intake.text.push_str(&said.json);
            intake.take(Made {
                stream: &format!("{base}/{}", said.part),
                ..made
            });
        }
        if !self.usage.is_empty() {
            intake.text.clear();
            intake.text.push_str(&self.usage);
            intake.text.push('}');
            intake.take(Made {
                stream: &format!("{base}/usage"),
                kind: Kind::Metric,
                ..made
            });
        }
    }
}

/// Messages spelled out as attributes: `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, `gen_ai.completion.0.tool_calls.0.name`.
fn indexed(list: &[KeyValue], prefix: &str) -> Vec<Message> {
    let mut found: BTreeMap<u32, Message> = BTreeMap::new();
    for kv in list {
        let key: Cow<'_, str> = value::lossless(&kv.key);
        let Some((index, field)) = key
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        let (Ok(index), Some(text)) = (index.parse(), json(kv.value.as_ref())) else {
            continue;
        };
        let message = found.entry(index).or_default();
        match field.split('.').collect::<Vec<_>>().as_slice() {
            ["role"] => message.role = Some(text),
            ["content"] => message.content = Some(text.into()),
            ["finish_reason"] => message.finish_reason = Some(text),
            ["tool_calls", n, "name"] => message.call(n).name = Some(text),
            ["tool_calls", n, "arguments"] => message.call(n).arguments = Some(text.into()),
            _ => {}
        }
    }
    found.into_values().collect()
}
