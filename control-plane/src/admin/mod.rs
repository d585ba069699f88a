//! The admin API over HTTP: who calls, what they ask for, and how answers look. What a write means
//! is for [`crate::configuration`].

mod answer;
mod auth;
pub(crate) mod body;
pub(crate) mod bulk;
mod crud;
mod envelope;
mod error;
mod explain;
pub(crate) mod json;
pub(crate) mod list;
mod media;
mod mount;
mod ops;
mod planes;
mod preconditions;
mod query;
pub(crate) mod quotas;
mod revisions;
mod shared;
mod throttle;
mod transactions;
mod transfer;
mod ui;
mod wait;
mod write;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, Error};

pub use error::Code;
pub(crate) use mount::BASE;
pub(crate) use quotas::Quotas;
pub(crate) use shared::Shared;

/// What answers and bodies are made of, for the OpenAPI document.
pub(crate) mod views {
    pub(crate) use super::bulk::{BulkLine, BulkSummary};
    pub(crate) use super::error::ProblemDocument;
    pub(crate) use super::planes::{DataPlaneView, ProviderHealthView};
    pub(crate) use super::quotas::QuotasView;
    pub(crate) use super::transactions::Transaction;
    pub(crate) use super::write::{DocumentResult, WriteResult};
}

/// What the foreign admin APIs take of ours.
pub(crate) mod parts {
    pub(crate) use super::answer::STALE;
    pub(crate) use super::auth::{Identity, allowed, authenticate};
    pub(crate) use super::crud::Served;
    pub(crate) use super::error::{ApiError, Code, Dialect};
    pub(crate) use super::json::Unreadable;
    pub(crate) use super::media::Form;
    pub(crate) use super::mount::{at, method, nothing_here, resource};
    pub(crate) use super::query::{Query, WriteOptions, bad_parameter};
    pub(crate) use super::shared::Shared;
    pub(crate) use super::{body, bulk, json, list, quotas};
}

/// The application of one worker.
pub(crate) fn application(
    shared: Data<Shared>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new().app_data(shared).configure(mount::mount).wrap(from_fn(envelope::envelope))
}

#[cfg(test)]
pub(crate) mod tests;
