use sanmon_shared::Problem;
use sanmon_wire::model_list;
use url::Url;

use super::{Given, ListPlace, Site, present, segment};
use crate::provider::kind::Listing;
use crate::provider::kinds::embeddings;
use crate::provider::kinds::formats::{
    AZURE_DATED, AZURE_V1, FOUNDRY_ALONE, FOUNDRY_MODELS, FOUNDRY_V1,
};

/// The version that is asked for when a document names a deployment and no version: the newest that
/// is no preview.
const DATED: &str = "2024-10-21";

/// Of Foundry's older API of models.
const INFERENCE: &str = "2024-05-01-preview";

/// Azure OpenAI: the v1 API, where the model is the deployment, or the dated one, whose paths name it.
pub(in crate::provider) fn azure_openai(
    given: &Given<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Site> {
    let connection = given.connection;
    let mut base = resource(given, "openai.azure.com", problems)?;
    for known in ["/openai/v1", "/openai"] {
        if let Some(above) = base.path().trim_end_matches('/').strip_suffix(known) {
            let above = above.to_owned();
            base.set_path(&above);
            break;
        }
    }
    let deployment = present(connection.deployment_id.as_deref());
    let version = present(connection.api_version.as_deref());
    let version = version.unwrap_or(if deployment.is_some() { DATED } else { "v1" });
    let default_model = deployment.map(str::to_owned);
    let v1 = matches!(version, "v1" | "preview" | "latest");
    let site = Site { default_model, lists: Vec::new(), ..given.site(base.clone()) };
    if v1 {
        // What `/models` lists are no deployments, but it is all that there is.
        let list = Listing::new("/openai/v1/models", &model_list::OPENAI);
        return Some(Site {
            prefix: "/openai/v1".to_owned(),
            query: (version != "v1").then(|| format!("api-version={version}")),
            formats: AZURE_V1,
            lists: vec![ListPlace::new(&base, &list)],
            ..site
        });
    }
    if !version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let at = format!("{}/api_version", given.at);
        problems.push(Problem::at(at, "it is \"v1\" or a date, such as \"2024-10-21\""));
        return None;
    }
    let deployment = deployment.map_or_else(|| "{model}".to_owned(), segment);
    Some(Site {
        prefix: format!("/openai/deployments/{deployment}"),
        query: Some(format!("api-version={version}")),
        formats: AZURE_DATED,
        ..site
    })
}

/// Azure AI Foundry: its v1 API, the older one of models (`…/models`), or an endpoint of one model's
/// own; Claude beside the first two.
pub(in crate::provider) fn azure_ai_foundry(
    given: &Given<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Site> {
    let version = present(given.connection.api_version.as_deref());
    let mut base = resource(given, "services.ai.azure.com", problems)?;
    let path = base.path().trim_end_matches('/').to_owned();
    let (above, models) = match path.strip_suffix("/openai/v1") {
        Some(above) => (above, false),
        None => match path.strip_suffix("/models") {
            Some(above) => (above, true),
            // Of the resource itself.
            None if is_resource(&base) => (&*path, version.is_some_and(|version| version != "v1")),
            None => {
                let query = version.map(|version| format!("api-version={version}"));
                let formats = FOUNDRY_ALONE;
                return Some(Site { query, formats, ..given.site(base) });
            }
        },
    };
    base.set_path(above);
    let site = given.site(base.clone());
    if models {
        let version = version.unwrap_or(INFERENCE);
        return Some(Site {
            query: Some(format!("api-version={version}")),
            formats: FOUNDRY_MODELS,
            embeds: embeddings::FOUNDRY_MODELS,
            lists: Vec::new(),
            ..site
        });
    }
    let list = Listing::new("/openai/v1/models", &model_list::OPENAI);
    Some(Site {
        formats: FOUNDRY_V1,
        embeds: embeddings::FOUNDRY_V1,
        lists: vec![ListPlace::new(&base, &list)],
        ..site
    })
}

/// The base that the document gives, else that of its resource.
fn resource(given: &Given<'_>, domain: &str, problems: &mut Vec<Problem>) -> Option<Url> {
    if given.given_base().1.is_some() {
        return given.base("", problems);
    }
    let name = given.connection.resource_name.as_deref();
    let name = given.label("resource_name", name, problems)?;
    given.base(&format!("https://{name}.{domain}"), problems)
}

/// Whether a base is that of a resource, which has all of Foundry's APIs.
fn is_resource(base: &Url) -> bool {
    base.host_str().is_some_and(|host| host.ends_with(".services.ai.azure.com"))
        && base.path() == "/"
}
