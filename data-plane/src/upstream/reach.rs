use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::error::{Stage, UpstreamError};

/// Whether a connection to an endpoint's host can be made within this time; it is closed again.
pub async fn reach(endpoint: &Endpoint, within: Duration) -> Result<(), UpstreamError> {
    let connected = timeout(within, connect(endpoint)).await;
    connected.unwrap_or(Err(UpstreamError::Timeout(Stage::Head)))
}

async fn connect(endpoint: &Endpoint) -> Result<(), UpstreamError> {
    let transport = endpoint.transport();
    let port = endpoint.url().port_or_known_default().unwrap_or(443);
    let found = match transport.address {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => addresses(endpoint.url(), port).await?,
    };
    let mut last = UpstreamError::Forbidden;
    for address in found.into_iter().filter(|found| transport.egress.allows(found.ip())) {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                last = UpstreamError::Refused;
            }
            Err(error) => last = UpstreamError::Connect(error.to_string()),
        }
    }
    Err(last)
}

async fn addresses(url: &Url, port: u16) -> Result<Vec<SocketAddr>, UpstreamError> {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, port)).await;
    Ok(found.map_err(|error| UpstreamError::Dns(error.to_string()))?.collect())
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::Transport;
    use super::*;

    #[tokio::test]
    async fn a_host_is_reached_where_somebody_listens() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let endpoint = Endpoint::new(&url, Transport::default()).unwrap();
        reach(&endpoint, Duration::from_secs(5)).await.unwrap();
        drop(listener);
        let refused = reach(&endpoint, Duration::from_secs(5)).await.unwrap_err();
        assert!(matches!(refused, UpstreamError::Refused), "{refused}");
        let metadata = Endpoint::new("http://169.254.169.254/", Transport::default()).unwrap();
        let forbidden = reach(&metadata, Duration::from_secs(5)).await.unwrap_err();
        assert!(matches!(forbidden, UpstreamError::Forbidden), "{forbidden}");
    }
}
