//! Tokens of Microsoft Entra's applications.

use sanmon_shared::Problem;
use url::Url;
use url::form_urlencoded::Serializer;

use super::Builder;
use super::token::{Grant, TokenSource};

const AUTHORITY: &str = "https://login.microsoftonline.com";
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// An application and its secret.
pub(super) struct Application {
    client_id: String,
    client_secret: String,
    scope: String,
}

/// The application of a document.
pub(super) fn source(builder: &Builder<'_>, problems: &mut Vec<Problem>) -> Option<TokenSource> {
    let connection = builder.connection;
    let there = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    let members = [
        ("tenant_id", there(&connection.tenant_id)),
        ("client_id", there(&connection.client_id)),
        ("client_secret", connection.client_secret.is_some()),
    ];
    if members.iter().all(|(_, there)| !there) {
        return None;
    }
    for (name, _) in members.iter().filter(|(_, there)| !there) {
        let text = "tenant_id, client_id and client_secret belong together";
        problems.push(builder.problem(name, text));
    }
    let secret = connection.client_secret.as_ref();
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let authority = text(&connection.authority);
    let authority = if authority.is_empty() { AUTHORITY.to_owned() } else { authority };
    let address = Url::parse(&authority).map(|mut url| {
        if let Ok(mut path) = url.path_segments_mut() {
            let tenant = text(&connection.tenant_id);
            path.pop_if_empty().extend([tenant.as_str(), "oauth2", "v2.0", "token"]);
        }
        url
    });
    let address = match address {
        Ok(address) => address,
        Err(error) => {
            problems.push(builder.problem("authority", format!("it is no URL: {error}")));
            return None;
        }
    };
    let scope = text(&connection.scope);
    let application = Application {
        client_id: text(&connection.client_id),
        // Unknown while a write is checked.
        client_secret: builder.reveal("client_secret", secret, problems).unwrap_or_default(),
        scope: if scope.is_empty() { SCOPE.to_owned() } else { scope },
    };
    TokenSource::new(address.as_str(), Grant::Application(application), builder.transport)
        .map_err(|error| problems.push(builder.problem("authority", error.to_string())))
        .ok()
}

impl Application {
    /// The form that asks for a token.
    pub(super) fn form(&self) -> String {
        Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", &self.client_secret)
            .append_pair("scope", &self.scope)
            .finish()
    }

    /// Its secret.
    pub(super) fn secret(&self) -> &str {
        &self.client_secret
    }
}
