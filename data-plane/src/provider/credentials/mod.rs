//! Who calls a provider: headers that are built once, keys that sign each call, and tokens that are
//! fetched. A document may hold several tokens, parted by commas, which take turns.

mod aws;
mod entra;
mod google;
mod headers;
mod token;

use sanmon_shared::Problem;
use sanmon_shared::resources::Connection;
use sanmon_shared::secret::Secret;

pub(crate) use aws::{Keys, TARGET};
pub(crate) use google::ServiceAccount;
pub(super) use headers::HeaderSet;
use headers::Templates;
pub(crate) use token::{TokenSource, Tokens};

use super::kind::Kind;
use crate::error::GatewayError;
use crate::plugin::BuildContext;
use crate::upstream::{Call, Transport};
use crate::worker::Worker;

/// How a vendor's credentials travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer <token>`.
    Bearer,
    /// The token alone, in this header.
    Header(&'static str),
    /// `api_key` in the header `api-key`, the token as a bearer, or a token of an application.
    Azure,
    /// The token as a bearer, or calls signed with keys.
    Aws,
    /// The token as a bearer, `api_key` in the header `x-goog-api-key`, or a token of a service
    /// account.
    Google,
}

/// What has to be done about each call. `Debug` tells no secret.
#[derive(Debug)]
pub(super) enum Credential {
    /// Nothing: the account's headers say who calls.
    Static,
    /// It is signed.
    Signed(Keys),
    /// It gets a token that is fetched first.
    Fetched(Box<TokenSource>),
}

impl Credential {
    /// Makes a call one of this account's, which has this number.
    pub(super) async fn authorize(
        &self,
        account: u64,
        worker: &Worker,
        call: &mut Call<'_>,
    ) -> Result<(), GatewayError> {
        match self {
            Self::Static => Ok(()),
            Self::Signed(keys) => keys.sign(call, worker.clock.millis()),
            Self::Fetched(source) => {
                let token =
                    worker.tokens.get(account, source, &worker.upstream, &worker.clock).await?;
                call.headers_mut().insert(reqwest::header::AUTHORIZATION, token);
                Ok(())
            }
        }
    }

    /// What tells it from others, beside the headers of its account.
    pub(super) fn fingerprint(&self, hasher: &mut impl std::hash::Hasher) {
        match self {
            Self::Static => {}
            Self::Signed(keys) => keys.fingerprint(hasher),
            Self::Fetched(source) => source.fingerprint(hasher),
        }
    }

    /// Whether a text holds a secret of this credential.
    pub(super) fn tells(&self, text: &[u8]) -> bool {
        match self {
            Self::Static => false,
            Self::Signed(keys) => keys.tells(text),
            Self::Fetched(source) => source.tells(text),
        }
    }
}

/// The credentials of a connection: the headers of an account's calls, and what else has to be done.
pub(super) struct Builder<'a> {
    pub(super) kind: &'static Kind,
    pub(super) connection: &'a Connection,
    pub(super) context: &'a BuildContext<'a>,
    /// Where the connection stands in its document.
    pub(super) at: &'a str,
    /// How tokens are fetched.
    pub(super) transport: Transport,
}

impl Builder<'_> {
    /// An account per token, or one. While a write is checked nothing is revealed, and headers and
    /// keys stay empty.
    pub(super) fn build(&self, problems: &mut Vec<Problem>) -> Vec<(HeaderSet, Credential)> {
        let tokens = self.tokens(problems);
        let templates = Templates::of(self, problems);
        let mut set = templates.without_token();
        match self.kind.auth {
            Auth::Bearer | Auth::Header(_) => {}
            Auth::Azure => {
                set.add_secret("api-key", self.api_key(problems).as_deref(), problems);
                if let Some(source) = entra::source(self, problems) {
                    self.alone("client_secret", &["token", "api_key"], problems);
                    return vec![(set, Credential::Fetched(Box::new(source)))];
                }
            }
            Auth::Aws => {
                if let Some(keys) = aws::keys(self, problems) {
                    self.alone("access_key_id", &["token"], problems);
                    return vec![(set, Credential::Signed(keys))];
                }
            }
            Auth::Google => {
                if let Some(source) = google::source(self, problems) {
                    self.alone("service_account", &["token", "api_key"], problems);
                    return vec![(set, Credential::Fetched(Box::new(source)))];
                }
                if self.connection.api_key.is_some() {
                    self.alone("token", &["api_key"], problems);
                }
                set.add_secret("x-goog-api-key", self.api_key(problems).as_deref(), problems);
            }
        }
        if tokens.is_empty() {
            return vec![(set, Credential::Static)];
        }
        let mut accounts = Vec::with_capacity(tokens.len());
        for token in &tokens {
            let found = problems.len();
            let mut own = set.clone();
            templates.with_token(token, self.kind.auth, &mut own, problems);
            accounts.push((own, Credential::Static));
            if problems.len() > found {
                break;
            }
        }
        accounts
    }

    /// The tokens of the document; `xxx` is what Otoroshi's documents have for none.
    fn tokens(&self, problems: &mut Vec<Problem>) -> Vec<String> {
        let token = self.reveal("token", self.connection.token.as_ref(), problems);
        match token.as_deref().map(str::trim) {
            None | Some("" | "xxx") => Vec::new(),
            Some(tokens) => {
                let tokens = tokens.split(',').map(str::trim).filter(|token| !token.is_empty());
                tokens.map(str::to_owned).collect()
            }
        }
    }

    fn api_key(&self, problems: &mut Vec<Problem>) -> Option<String> {
        self.reveal("api_key", self.connection.api_key.as_ref(), problems)
    }

    /// A secret; `None` where there is none, or none may be revealed.
    fn reveal(
        &self,
        name: &str,
        secret: Option<&Secret>,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let revealed = secret?.reveal(self.context.seal?, self.context.elsewhere);
        revealed
            .map(|revealed| revealed.expose().to_owned())
            .map_err(|error| problems.push(self.problem(name, error.to_string())))
            .ok()
    }

    /// A problem of each of the `others` that are there beside the credential `name`.
    fn alone(&self, name: &str, others: &[&str], problems: &mut Vec<Problem>) {
        if name == "token" && self.connection.token.is_none() {
            return;
        }
        for other in others {
            let there = match *other {
                "token" => self.connection.token.is_some(),
                _ => self.connection.api_key.is_some(),
            };
            if there {
                let text = format!("there is {name} too; one of them has to go");
                problems.push(self.problem(other, text));
            }
        }
    }

    fn problem(&self, name: &str, message: impl Into<String>) -> Problem {
        Problem::at(format!("{}/{name}", self.at), message.into())
    }
}

#[cfg(test)]
mod tests;
