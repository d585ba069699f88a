//! Documents to begin with: `_template`, and what values of a creation by sets are put into.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use ring::rand::{SecureRandom as _, SystemRandom};
use sanmon_shared::Resource as _;
use sanmon_shared::resources::{
    Apikey, BackendEntity, EmbeddingModel, Prompt, PromptContext, PromptTemplate, Provider, Route,
    Service,
};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::document::labelled;
use super::target::{Generation, Kept, Target};
use crate::admin::parts::{ApiError, Code, Query, Shared};

const OVERRIDE_HOST: &str = "cp:otoroshi.next.plugins.OverrideHost";

/// `GET /{plural}/_template`. `provider` or `kind` says for which kind of provider.
pub(super) async fn read(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let target = Target::of(&request)?;
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    // Otoroshi hands all parameters to the template; those of other kinds are none of ours.
    let provider = query.one("provider")?.or(query.one("kind")?);
    let kept = target.kept(&shared)?;
    answer.value(labelled(kept.kind, of(kept, &shared, provider.as_deref())?))
}

/// `GET /api/new/apikey`: a key for the routes of the usual group.
pub(super) async fn apikey(
    request: HttpRequest,
    shared: Data<Shared>,
) -> Result<HttpResponse, ApiError> {
    let kept = Target::apikeys(Generation::Legacy).kept(&shared)?;
    let mut query = Query::of(&request)?;
    let answer = Answer::to(&request, &mut query)?;
    let mut document = of(kept, &shared, None)?;
    if let Some(entities) = document.get_mut("authorizedEntities") {
        *entities = json!(["group_default"]);
    }
    answer.value(labelled(kept.kind, document))
}

/// A document of the kind, with an id of its own.
pub(super) fn of(kept: Kept, shared: &Shared, provider: Option<&str>) -> Result<Value, ApiError> {
    let mut document = Map::new();
    let (id, name) = match kept.kind.plural {
        Apikey::PLURAL => (random(8)?, "client-name-apikey".to_owned()),
        _ => (
            format!("{}_{}", kept.info.id_prefix, ulid::Ulid::generate()).to_lowercase(),
            format!("New {}", kept.info.kind),
        ),
    };
    document.insert(kept.info.id_field.to_owned(), json!(id));
    if kept.kind.plural == Apikey::PLURAL {
        document.insert("clientSecret".to_owned(), json!(random(32)?));
    }
    document.insert(kept.info.name_field.to_owned(), json!(name));
    let common = json!({"description": "", "tags": [], "metadata": {}});
    for members in [common, own(kept, shared, provider)] {
        if let Value::Object(members) = members {
            document.extend(members);
        }
    }
    Ok(Value::Object(document))
}

/// What only this kind has.
fn own(kept: Kept, shared: &Shared, provider: Option<&str>) -> Value {
    // The placeholders of Otoroshi: whoever uses a template changes them.
    let target = json!({"hostname": "request.otoroshi.io", "port": 443, "tls": true, "weight": 1});
    let backend = json!({"targets": [target], "root": "/", "rewrite": false});
    match kept.kind.plural {
        Route::PLURAL => {
            let known = shared.configuration.catalogue().plugin(OVERRIDE_HOST);
            let slot =
                known.map(|_| json!({"enabled": true, "plugin": OVERRIDE_HOST, "config": {}}));
            json!({
                "enabled": true,
                "groups": ["default"],
                "frontend": {
                    "domains": ["newroute.oto.tools"],
                    "strip_path": true,
                    "exact": false,
                    "headers": {},
                    "query": {},
                    "methods": [],
                },
                "backend": backend,
                "backend_ref": null,
                "plugins": slot.into_iter().collect::<Vec<_>>(),
            })
        }
        Service::PLURAL => json!({
            "enabled": true, "domains": ["newservice.oto.tools"], "plugins": [],
        }),
        BackendEntity::PLURAL => json!({"backend": backend}),
        Apikey::PLURAL => json!({
            "enabled": true,
            "authorizedEntities": [],
            "readOnly": false,
            "allowClientIdOnly": false,
            "validUntil": null,
        }),
        Provider::PLURAL => account(shared, provider),
        EmbeddingModel::PLURAL => {
            let account = account(shared, provider);
            json!({
                "provider": account.get("provider"),
                "config": {"connection": account.get("connection"), "options": {}},
                "models": {"include": [], "exclude": []},
            })
        }
        Prompt::PLURAL => json!({"prompt": ""}),
        PromptContext::PLURAL => json!({"pre_messages": [], "post_messages": []}),
        PromptTemplate::PLURAL => json!({"template": "[]"}),
        _ => json!({}),
    }
}

/// An account at a vendor. The token is for its owner to add.
fn account(shared: &Shared, provider: Option<&str>) -> Value {
    let name = provider.unwrap_or("openai");
    let kinds = shared.configuration.catalogue().providers();
    let info = kinds.iter().find(|kind| kind.name == name);
    let mut connection = json!({"timeout": 180_000});
    let mut options = json!({});
    if let Some(info) = info {
        if !info.base_url.is_empty() {
            connection = json!({"base_url": info.base_url, "timeout": 180_000});
        }
        if let Some(model) = info.default_model {
            options = json!({"model": model});
        }
    }
    json!({
        "provider": name,
        "connection": connection,
        "options": options,
        "models": {"include": [], "exclude": []},
    })
}

/// As many random bytes, as text.
fn random(bytes: usize) -> Result<String, ApiError> {
    let mut chance = vec![0; bytes];
    SystemRandom::new()
        .fill(&mut chance)
        .map_err(|_| ApiError::new(Code::Internal, "there is no randomness"))?;
    Ok(hex::encode(chance))
}
