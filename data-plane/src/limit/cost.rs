//! What a request costs by an arithmetic expression of its tokens.

use crate::exchange::Tokens;

/// A longer expression is refused, in characters.
const LONGEST: usize = 1_000;

/// One nested deeper, too.
const DEEPEST: u8 = 32;

/// A compiled expression: numbers, names of counts, `+ - * / %`, brackets, and a few functions. A name
/// that is not known is 0.
#[derive(Debug)]
pub(crate) struct Cost(Node);

#[derive(Debug)]
enum Node {
    Number(f64),
    Count(Count),
    Negative(Box<Node>),
    Binary(char, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

/// One of the counts.
type Count = fn(&Tokens) -> u64;

/// The counts by the names that providers give them.
const COUNTS: &[(&str, Count)] = &[
    ("prompt_tokens", |tokens| tokens.input),
    ("input_tokens", |tokens| tokens.input),
    ("completion_tokens", |tokens| tokens.output),
    ("output_tokens", |tokens| tokens.output),
    ("total_tokens", |tokens| tokens.input.saturating_add(tokens.output)),
    ("cached_tokens", |tokens| tokens.cache_read),
    ("cache_read_input_tokens", |tokens| tokens.cache_read),
    ("prompt_cache_hit_tokens", |tokens| tokens.cache_read),
    ("cache_creation_input_tokens", |tokens| tokens.cache_write),
    ("reasoning_tokens", |tokens| tokens.reasoning),
];

type Function = fn(&[f64]) -> f64;

const FUNCTIONS: &[(&str, Function)] = &[
    ("abs", |of| first(of).abs()),
    ("ceil", |of| first(of).ceil()),
    ("floor", |of| first(of).floor()),
    ("max", |of| of.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
    ("min", |of| of.iter().copied().fold(f64::INFINITY, f64::min)),
    ("sqrt", |of| first(of).sqrt()),
    ("pow", |of| first(of).powf(of.get(1).copied().unwrap_or(1.0))),
    ("log", |of| first(of).ln()),
    ("exp", |of| first(of).exp()),
];

fn first(of: &[f64]) -> f64 {
    of.first().copied().unwrap_or(0.0)
}

impl Cost {
    /// Reads an expression.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} characters"));
        }
        let mut parser = Parser { rest: text, depth: 0 };
        let node = parser.sum()?;
        match parser.next() {
            None => Ok(Self(node)),
            Some(other) => Err(format!("{other:?} is not expected there")),
        }
    }

    /// What a request with these counts costs: rounded, never negative, and nothing where it has no
    /// result.
    pub(crate) fn of(&self, tokens: &Tokens) -> u64 {
        let cost = self.0.value(tokens).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast keeps within bounds, and makes 0 of what is no number"
        )]
        if cost.is_finite() { cost as u64 } else { 0 }
    }
}

impl Node {
    fn value(&self, tokens: &Tokens) -> f64 {
        match self {
            Self::Number(number) => *number,
            #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
            Self::Count(count) => count(tokens) as f64,
            Self::Negative(node) => -node.value(tokens),
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.value(tokens), right.value(tokens));
                match operator {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    '/' => left / right,
                    _ => left % right,
                }
            }
            Self::Call(function, arguments) => {
                let values: Vec<f64> = arguments.iter().map(|node| node.value(tokens)).collect();
                function(&values)
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: u8,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn takes(&mut self, expected: char) -> bool {
        let takes = self.next() == Some(expected);
        if takes {
            self.rest = self.rest.strip_prefix(expected).unwrap_or_default();
        }
        takes
    }

    fn operator(&mut self, of: [char; 3]) -> Option<char> {
        of.into_iter().find(|operator| self.takes(*operator))
    }

    fn sum(&mut self) -> Result<Node, String> {
        self.binary(['+', '-', '-'], Self::product)
    }

    fn product(&mut self) -> Result<Node, String> {
        self.binary(['*', '/', '%'], Self::signed)
    }

    fn binary(
        &mut self,
        operators: [char; 3],
        operand: fn(&mut Self) -> Result<Node, String>,
    ) -> Result<Node, String> {
        let mut left = operand(self)?;
        while let Some(operator) = self.operator(operators) {
            left = Node::Binary(operator, Box::new(left), Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".to_owned());
        }
        let node = if self.takes('-') {
            Node::Negative(Box::new(self.signed()?))
        } else if self.takes('(') {
            let inner = self.sum()?;
            self.closes()?;
            inner
        } else {
            self.operand()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn closes(&mut self) -> Result<(), String> {
        if self.takes(')') { Ok(()) } else { Err("a bracket is not closed".to_owned()) }
    }

    fn operand(&mut self) -> Result<Node, String> {
        let first = self.next().ok_or_else(|| "it ends too early".to_owned())?;
        if first.is_ascii_digit() || first == '.' {
            let number = self.word(|c| c.is_ascii_digit() || c == '.');
            let value = number.parse().map_err(|_| format!("{number:?} is no number"))?;
            return Ok(Node::Number(value));
        }
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if name.is_empty() {
            return Err(format!("{first:?} is not expected there"));
        }
        if self.takes('(') {
            let short = name.strip_prefix("math.").unwrap_or(name);
            let function = FUNCTIONS.iter().find(|(known, _)| *known == short);
            let (_, function) = function.ok_or_else(|| format!("there is no function {name:?}"))?;
            let mut arguments = vec![self.sum()?];
            while self.takes(',') {
                arguments.push(self.sum()?);
            }
            self.closes()?;
            return Ok(Node::Call(*function, arguments));
        }
        let count = COUNTS.iter().find(|(known, _)| *known == name);
        Ok(count.map_or(Node::Number(0.0), |(_, count)| Node::Count(*count)))
    }

    fn word(&mut self, is: fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_arithmetic_over_counts() {
        let tokens =
            Tokens { input: 100, output: 10, cache_read: 40, reasoning: 4, ..Tokens::default() };
        for (text, expected) in [
            ("total_tokens", 110),
            ("prompt_tokens + completion_tokens * 4", 140),
            ("(input_tokens - cache_read_input_tokens) + cached_tokens * 0.1", 64),
            ("math.ceil(prompt_tokens / 3)", 34),
            ("max(prompt_tokens, completion_tokens, 7) % 30", 10),
            ("min(1, 2) - -3", 4),
            ("unknown_tokens + 1", 1),
            ("0 - total_tokens", 0),
            ("1 / 0", 0),
            ("0.5", 1),
        ] {
            assert_eq!(Cost::compile(text).map(|cost| cost.of(&tokens)), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for (text, problem) in [
            ("", "it ends too early"),
            ("1 +", "it ends too early"),
            ("(1", "a bracket is not closed"),
            ("1 2", "'2' is not expected there"),
            ("1 + $", "'$' is not expected there"),
            ("1.2.3", "\"1.2.3\" is no number"),
            ("os.exit(1)", "there is no function \"os.exit\""),
        ] {
            assert_eq!(Cost::compile(text).unwrap_err(), problem, "{text}");
        }
        assert_eq!(Cost::compile(&"(".repeat(99)).unwrap_err(), "it is nested too deep");
        let long = "1+".repeat(1_000) + "1";
        assert_eq!(Cost::compile(&long).unwrap_err(), "it is longer than 1000 characters");
    }
}
