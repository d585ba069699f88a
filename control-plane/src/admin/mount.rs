//! Where everything is: paths, methods, and what a path answers to other methods.

use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, guard};
use sanmon_shared::{EachResource, each_resource};

use super::auth::authenticate;
use super::crud::{self, Served};
use super::error::{ApiError, Code};
use super::{bulk, explain, ops, planes, quotas, revisions, transactions, transfer, ui};
use crate::foreign;

/// The base of the API.
pub(crate) const BASE: &str = "/apis/v1";

/// A path with its methods; others are answered by 405 with `Allow`. `GET` also answers `HEAD`.
macro_rules! at {
    ($path:expr, $($method:ident => $handler:expr),+ $(,)?) => {
        $crate::admin::parts::resource($path, &[$(actix_web::http::Method::$method),+])
            $(.route(
                actix_web::web::route()
                    .guard($crate::admin::parts::method(&actix_web::http::Method::$method))
                    .to($handler),
            ))+
    };
}
pub(crate) use at;

pub(crate) fn method(method: &Method) -> impl guard::Guard + use<> {
    let head = *method == Method::GET;
    let method = method.clone();
    guard::fn_guard(move |context| {
        let asked = &context.head().method;
        *asked == method || (head && *asked == Method::HEAD)
    })
}

pub(crate) fn resource(path: &str, methods: &[Method]) -> Resource {
    let mut names: Vec<_> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    let allow = names.join(", ");
    let refuse = move || {
        let detail = format!("the path has the methods {allow}");
        let error = ApiError::new(Code::MethodNotAllowed, detail).header(header::ALLOW, &allow);
        async move { Err::<actix_web::HttpResponse, ApiError>(error) }
    };
    web::resource(path).default_service(web::to(refuse))
}

/// Mounts every kind.
struct Mount<'a>(&'a mut ServiceConfig);

impl EachResource for Mount<'_> {
    fn visit<R: sanmon_shared::Resource>(&mut self) {
        let served = Data::new(Served { kind: R::KIND, plural: R::PLURAL, id_field: R::ID_FIELD });
        let many = at!(&format!("/{}", R::PLURAL), GET => crud::list, POST => crud::create);
        let one = at!(&format!("/{}/{{id}}", R::PLURAL),
            GET => crud::read, PUT => crud::put, PATCH => crud::patch, DELETE => crud::delete);
        let bulk = at!(&format!("/{}/_bulk", R::PLURAL), POST => bulk::create,
            PUT => bulk::put, PATCH => bulk::patch, DELETE => bulk::delete);
        for resource in [many, bulk, one] {
            self.0.service(resource.app_data(Data::clone(&served)));
        }
    }
}

/// Everything that the admin listener serves.
pub(super) fn mount(config: &mut ServiceConfig) {
    let api = web::scope(BASE)
        .wrap(from_fn(authenticate))
        .service(at!("/transactions", POST => transactions::run))
        .service(at!("/revisions", GET => revisions::list))
        .service(at!("/revisions/{revision}", GET => revisions::read))
        .service(at!("/revisions/{from}/diff/{to}", GET => revisions::diff))
        .service(at!("/revisions/{revision}/rollback", POST => revisions::rollback))
        .service(at!("/export", GET => transfer::export))
        .service(at!("/import", POST => transfer::import))
        .service(at!("/data-planes", GET => planes::list))
        .service(at!("/providers/{id}/health", GET => planes::provider_health))
        .service(at!("/apikeys/{id}/quotas", GET => quotas::read, DELETE => quotas::reset))
        .service(at!("/explain", POST => explain::explain))
        .service(at!("/plugin-kinds", GET => planes::plugin_kinds))
        .service(at!("/plugin-kinds/{name}", GET => planes::plugin_kind))
        .service(at!("/provider-kinds", GET => planes::provider_kinds))
        .configure(|config| each_resource(&mut Mount(config)))
        .default_service(web::to(nothing_here));
    config
        .service(at!("/", GET => ui::to_page))
        .service(at!("/swagger-ui", GET => ui::to_page))
        .service(at!("/swagger-ui/{file:.*}", GET => ui::file))
        .service(at!("/livez", GET => ops::livez))
        .service(at!("/readyz", GET => ops::readyz))
        .service(at!("/metrics", GET => ops::metrics))
        .service(at!("/apis/openapi.json", GET => ops::openapi))
        .service(api)
        .configure(foreign::apisix::mount)
        .configure(foreign::otoroshi::mount)
        .default_service(web::to(nothing_here));
}

pub(crate) async fn nothing_here() -> Result<actix_web::HttpResponse, ApiError> {
    Err(ApiError::new(Code::PathUnknown, "there is nothing at this path; see /swagger-ui/"))
}
