use sanmon_shared::Problem;
use sanmon_wire::model_list;

use super::{Given, ListPlace, Site, present, segment};
use crate::provider::kind::Listing;

/// Vertex: the host of the location, and in its paths the project. With an API key and without a
/// project it is its express mode, which has Google's own models alone.
pub(in crate::provider) fn vertex(given: &Given<'_>, problems: &mut Vec<Problem>) -> Option<Site> {
    let connection = given.connection;
    let location =
        present(connection.location.as_deref()).or(present(connection.region.as_deref()));
    let location = given.label("location", Some(location.unwrap_or("global")), problems)?;
    let host = match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        location => format!("{location}-aiplatform.googleapis.com"),
    };
    let root = given.base(&format!("https://{host}"), problems)?;
    let above = root.path().trim_end_matches('/').to_owned();
    let project = present(connection.project_id.as_deref());
    let mut base = root.clone();
    match project {
        Some(project) => {
            let project = segment(project);
            base.set_path(&format!("{above}/v1/projects/{project}/locations/{location}"));
        }
        None if connection.api_key.is_some() => base.set_path(&format!("{above}/v1")),
        None => {
            given.missing("project_id", problems);
            return None;
        }
    }
    let list = Listing::new("/v1beta1/publishers/google/models?pageSize=1000", &model_list::VERTEX);
    Some(Site { lists: vec![ListPlace::new(&root, &list)], ..given.site(base) })
}
