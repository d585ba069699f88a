//! Runs every client program against one gateway, for `scripts/test-clients`. The last line is the count.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::process::ExitCode;

use sanmon_tests::clients::{Client, Gateway};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let filters: Vec<String> = std::env::args().skip(1).map(|name| name.to_lowercase()).collect();
    let is_asked = |client: &&Client| {
        let name = client.name().to_lowercase();
        filters.is_empty() || filters.iter().any(|filter| name.contains(filter))
    };
    let gateway = Gateway::start().await;
    let (mut passed, mut failed) = (0, 0);
    for client in Client::ALL.iter().filter(is_asked) {
        match client.run(&gateway).await {
            Ok(()) => {
                passed += 1;
                println!("ok      {}", client.name());
            }
            Err(said) => {
                failed += 1;
                println!("FAILED  {}\n{said}", client.name());
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    ExitCode::from(u8::from(failed > 0 || passed == 0))
}
