//! Chat messages in the shapes in which instrumentations write them.

use super::value;
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Write as _;

/// Tool calls of one message that are read at most.
const CALLS: usize = 64;

/// Something said, ready to be scored.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// `prompts`, `answers` or `tools`.
    pub part: &'static str,
    /// The event.
    pub json: String,
}

/// A message of a conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: Option<String>,
    /// Text, or a list of parts.
    pub content: Option<Value>,
    parts: Vec<Part>,
    /// Why the model stopped.
    pub finish_reason: Option<String>,
    tool_calls: Vec<ToolCall>,
    // an event of a choice wraps it
    message: Option<Box<Message>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    r#type: String,
    content: Option<Value>,
    text: Option<Value>,
    name: Option<String>,
    arguments: Option<Value>,
    #[serde(alias = "response")]
    result: Option<Value>,
}

/// A call of a tool, as a field or inside `function`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ToolCall {
    /// Which tool.
    pub name: Option<String>,
    /// With what.
    pub arguments: Option<Value>,
    function: Option<Box<ToolCall>>,
}

/// Reads a message, a list of them, or plain text.
pub fn read(text: &str) -> Vec<Message> {
    let trimmed = text.trim_start();
    let parsed = if trimmed.starts_with('[') {
        serde_json::from_str::<Vec<Message>>(text).or_else(|_| {
            // a list of parts without a message around it, as for system instructions
            serde_json::from_str::<Vec<Part>>(text).map(|parts| {
                vec![Message {
                    parts,
                    ..Message::default()
                }]
            })
        })
    } else if trimmed.starts_with('{') {
        serde_json::from_str::<Message>(text).map(|m| vec![m])
    } else {
        Ok(Vec::new())
    };
    match parsed {
        Ok(messages) if messages.iter().any(|m| !m.is_empty()) => messages,
        _ if text.trim().is_empty() => Vec::new(),
        _ => vec![Message {
            content: Some(text.to_owned().into()),
            ..Message::default()
        }],
    }
}

impl Message {
    fn is_empty(&self) -> bool {
        self.content.is_none()
            && self.parts.is_empty()
            && self.tool_calls.is_empty()
            && self.message.is_none()
    }

    /// Whether the model itself said it.
    pub fn is_answer(&self) -> bool {
        self.role.as_deref() == Some("assistant") || self.role.as_deref() == Some("model")
    }

    /// The tool call of this number, made where it is new.
    pub fn call(&mut self, number: &str) -> &mut ToolCall {
        let at = number.parse::<usize>().unwrap_or(0).min(CALLS - 1);
        if self.tool_calls.len() <= at {
            self.tool_calls.resize_with(at + 1, ToolCall::default);
        }
        &mut self.tool_calls[at]
    }

    /// What was said to the model. A tool's result is about the tool.
    pub fn as_prompt(&self, role: &str, out: &mut Vec<Said>) {
        let role = self.role.as_deref().unwrap_or(role);
        for part in &self.parts {
            if let Some(result) = &part.result {
                let tool = part.name.as_deref().unwrap_or("");
                out.push(Said::tool(tool, "result", Some(&plain(result))));
            }
        }
        let text = self.text();
        if text.is_empty() {
            return;
        }
        if role == "tool" {
            out.push(Said::tool("", "result", Some(&text)));
            return;
        }
        let mut json = String::from("{\"role\":");
        value::string(&mut json, role.as_bytes());
        json.push_str(",\"prompt\":");
        value::string(&mut json, text.as_bytes());
        json.push('}');
        out.push(Said {
            part: "prompts",
            json,
        });
    }

    /// What the model said, and the tools it called.
    pub fn as_answer(&self, out: &mut Vec<Said>) {
        if let Some(inner) = &self.message {
            let inner = Message {
                finish_reason: self.finish_reason.clone(),
                ..inner.shallow()
            };
            inner.as_answer(out);
        }
        let text = self.text();
        if !text.is_empty() {
            let mut json = String::from("{\"answer\":");
            value::string(&mut json, text.as_bytes());
            if let Some(reason) = &self.finish_reason {
                json.push_str(",\"finish_reason\":");
                value::string(&mut json, reason.as_bytes());
            }
            json.push('}');
            out.push(Said {
                part: "answers",
                json,
            });
        }
        for part in self.parts.iter().filter(|p| p.r#type == "tool_call") {
            let arguments = part.arguments.as_ref().map(plain);
            out.push(Said::tool(
                part.name.as_deref().unwrap_or(""),
                "arguments",
                arguments.as_deref(),
            ));
        }
        for call in self.tool_calls.iter().take(CALLS) {
            let call = call.function.as_deref().unwrap_or(call);
            let arguments = call.arguments.as_ref().map(plain);
            out.push(Said::tool(
                call.name.as_deref().unwrap_or(""),
                "arguments",
                arguments.as_deref(),
            ));
        }
    }

    /// The message inside a choice; it holds no further one.
    fn shallow(&self) -> Message {
        Message {
            role: self.role.clone(),
            content: self.content.clone(),
            parts: Vec::new(),
            finish_reason: None,
            tool_calls: self.tool_calls.iter().map(ToolCall::copy).collect(),
            message: None,
        }
    }

    fn text(&self) -> String {
        let mut texts: Vec<String> = Vec::new();
        match &self.content {
            Some(Value::Array(parts)) => {
                let words = parts.iter().filter_map(|p| {
                    p.get("text")
                        .or_else(|| p.get("content"))
                        .or(Some(p).filter(|p| p.is_string()))
                });
                texts.extend(words.map(plain));
            }
            Some(Value::Null) | None => {}
            Some(content) => texts.push(plain(content)),
        }
        let said = self
            .parts
            .iter()
            .filter(|p| p.r#type != "tool_call" && p.result.is_none());
        texts.extend(
            said.filter_map(|p| p.content.as_ref().or(p.text.as_ref()))
                .map(plain),
        );
        texts.join("\n")
    }
}

impl ToolCall {
    fn copy(&self) -> ToolCall {
        ToolCall {
            name: self.name.clone(),
            arguments: self.arguments.clone(),
            function: self.function.as_ref().map(|f| Box::new(f.copy())),
        }
    }
}

/// A text as itself, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Said {
    /// A tool with its arguments or its result, which stay a structure where they are one.
    pub fn tool(name: &str, what: &str, text: Option<&str>) -> Self {
        let mut json = String::from("{\"tool\":");
        value::string(&mut json, name.as_bytes());
        if let Some(text) = text {
            let _ = write!(json, ",\"{what}\":");
            let structured = text.trim_start().starts_with(['{', '['])
                && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            if structured {
                json.push_str(text);
            } else {
                value::string(&mut json, text.as_bytes());
            }
        }
        json.push('}');
        Self {
            part: "tools",
            json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        read(text).iter().for_each(|m| m.as_answer(&mut out));
        out.into_iter()
            .map(|s| format!("{} {}", s.part, s.json))
            .collect()
    }

    #[test]
    fn shapes_of_answers() {
        let table = [
            ("plain", vec![r#"answers {"answer":"plain"}"#]),
            (
                r#"[{"role":"assistant","parts":[{"type":"text","content":"hi"},{"type":"tool_call","name":"f","arguments":{"a":1}}],"finish_reason":"stop"}]"#,
                vec![
                    r#"answers {"answer":"hi","finish_reason":"stop"}"#,
                    r#"tools {"tool":"f","arguments":{"a":1}}"#,
                ],
            ),
            (
                r#"{"index":0,"finish_reason":"tool_calls","message":{"content":"x","tool_calls":[{"function":{"name":"g","arguments":"{\"b\":2}"}}]}}"#,
                vec![
                    r#"answers {"answer":"x","finish_reason":"tool_calls"}"#,
                    r#"tools {"tool":"g","arguments":{"b":2}}"#,
                ],
            ),
            (
                r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#,
                vec![r#"answers {"answer":"a\nb"}"#],
            ),
            ("[1,2", vec![r#"answers {"answer":"[1,2"}"#]),
            ("", vec![]),
        ];
        for (text, want) in table {
            assert_eq!(answers(text), want, "{text}");
        }
    }

    #[test]
    fn prompts_and_results_of_tools() {
        let mut out = Vec::new();
        for m in read(
            r#"[{"role":"user","content":"q"},{"role":"tool","parts":[{"type":"tool_call_response","result":"42"}]}]"#,
        ) {
            m.as_prompt("user", &mut out);
        }
        for m in read(r#"[{"type":"text","content":"be kind"}]"#) {
            m.as_prompt("system", &mut out);
        }
        let seen: Vec<&str> = out.iter().map(|s| s.json.as_str()).collect();
        assert_eq!(
            seen,
            [
                r#"{"role":"user","prompt":"q"}"#,
                r#"{"tool":"","result":"42"}"#,
                r#"{"role":"system","prompt":"be kind"}"#
            ]
        );
    }
}
