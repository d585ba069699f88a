//! Otoroshi's admin API, for scripts and tools that speak it: `/apis/{group}/{version}/{plural}`,
//! the older `/api/{plural}`, the catalogue by which its command line finds its way, and its probes.
//!
//! Our documents have the names of Otoroshi's members already. So this only translates paths, forms,
//! queries and answers; what a document means, and whether it is valid, is for
//! [`crate::configuration`].

mod answer;
mod bulk;
mod catalogue;
mod document;
mod error;
mod fixed;
mod kinds;
mod legacy;
mod list;
mod path;
mod probes;
mod quotas;
mod read;
mod schema;
mod sent;
mod sets;
mod target;
mod template;
mod write;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage as _, body::MessageBody};

use crate::admin::parts::{Dialect, at, authenticate, nothing_here};
use target::Generation;

/// Everything that Otoroshi serves and we do too. Our own `/apis/v1` has to be mounted before.
pub(crate) fn mount(config: &mut ServiceConfig) {
    probes::mount(config);
    let catalogue = web::scope("/apis/entities")
        .wrap(from_fn(authenticate))
        .wrap(from_fn(speak))
        .service(at!("", GET => catalogue::entities));
    let generic = web::scope("/apis/{group}/{version}")
        .wrap(from_fn(authenticate))
        .wrap(from_fn(speak))
        .app_data(Data::new(Generation::Generic))
        .service(at!("/{plural:apikeys}/{id}/quotas", GET => quotas::read, DELETE => quotas::reset))
        .service(at!("/{plural}", GET => read::list, POST => write::create,
            DELETE => write::delete_all))
        .service(at!("/{plural}/_count", GET => read::count))
        .service(at!("/{plural}/_template", GET => template::read))
        .service(at!("/{plural}/_schema", GET => schema::read))
        .service(at!("/{plural}/_bulk", POST => bulk::create, PUT => bulk::put,
            PATCH => bulk::patch, DELETE => bulk::delete))
        .service(at!("/{plural}/{id}", GET => read::one, POST => write::upsert, PUT => write::put,
            PATCH => write::patch, DELETE => write::delete))
        .default_service(web::to(nothing_here));
    config
        .service(at!("/apis/plugins.json", GET => catalogue::plugins))
        .service(catalogue)
        .service(generic)
        .service(legacy::scope());
}

/// Has errors written as Otoroshi writes them.
async fn speak(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    request.extensions_mut().insert(Dialect(error::write));
    next.call(request).await
}

#[cfg(test)]
mod tests;
