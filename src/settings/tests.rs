use super::*;

fn settings(mode: Mode, text: &str) -> Result<Settings, SettingsError> {
    let overlay = toml::from_str(text).unwrap();
    let token = Some(Hidden::new("t".repeat(32)));
    Settings::resolve(mode, overlay, Secrets { data_plane_token: token, ..Secrets::default() })
}

fn refusal(mode: Mode, text: &str) -> String {
    settings(mode, text).unwrap_err().to_string()
}

#[test]
fn without_settings_everything_listens_on_loopback_over_the_embedded_store() {
    let settings = settings(Mode::Serve, "").unwrap();
    assert_eq!(settings.admin.listen.to_string(), "127.0.0.1:7080");
    assert_eq!(settings.proxy.listen.to_string(), "127.0.0.1:9080");
    assert_eq!(settings.proxy.telemetry_listen.to_string(), "127.0.0.1:9090");
    assert_eq!(settings.proxy.limits.body_bytes, 32 << 20);
    assert_eq!(settings.origin, Origin::Embedded);
    assert_eq!(settings.data_dir, PathBuf::from("./sanmon-data"));
}

#[test]
fn what_is_stronger_wins_setting_by_setting() {
    let strong: Overlay = toml::from_str("listen = '127.0.0.1:1'").unwrap();
    let weak: Overlay = toml::from_str("listen = '127.0.0.1:2'\nworkers = 3").unwrap();
    let both = strong.over(weak);
    assert_eq!(both.listen.unwrap().port(), 1);
    assert_eq!(both.workers, Some(3));
}

#[test]
fn a_data_plane_follows_exactly_one_thing() {
    assert!(refusal(Mode::DataPlane, "").contains("needs --redis or --control-plane"));
    let both = "redis = 'redis://a'\ncontrol-plane = 'http://b'";
    assert!(refusal(Mode::DataPlane, both).contains("exclude each other"));
    let followed = settings(Mode::DataPlane, "control-plane = 'http://b:7080'").unwrap();
    assert!(matches!(followed.origin, Origin::ControlPlane { .. }));
    let overlay = toml::from_str("control-plane = 'http://b:7080'").unwrap();
    let error = Settings::resolve(Mode::DataPlane, overlay, Secrets::default()).unwrap_err();
    assert!(error.to_string().contains("SANMON_DATA_PLANE_TOKEN"));
}

#[test]
fn misfits_are_refused_and_say_which_setting() {
    assert!(refusal(Mode::Serve, "tls-cert = 'a.pem'").contains("--tls-key"));
    assert!(refusal(Mode::Serve, "workers = 0").contains("--workers"));
    assert!(refusal(Mode::Serve, "redis = 'http://a'").contains("rediss://"));
    assert!(refusal(Mode::Serve, "listen = '127.0.0.1:7080'").contains("--admin-listen"));
    assert!(refusal(Mode::Serve, "log-level = 'loud'").contains("--log-level"));
    assert!(refusal(Mode::Serve, "redis-prefix = 'a{b}'").contains("--redis-prefix"));
    assert!(settings(Mode::Serve, "listen = '127.0.0.1:0'\nadmin-listen = '127.0.0.1:0'").is_ok());
}

#[test]
fn no_refusal_and_no_debug_text_tells_a_password() {
    let error = refusal(Mode::Serve, "redis = 'amqp://u:canary@db'");
    assert!(!error.contains("canary"), "{error}");
    let settings = settings(Mode::Serve, "redis = 'redis://u:canary@db'").unwrap();
    let shown = format!("{settings:?} {settings}");
    assert!(!shown.contains("canary") && !shown.contains("tttt") && shown.contains("@db"));
}

#[test]
fn trusted_proxies_are_a_text_or_a_list() {
    let text = settings(Mode::Serve, "trusted-proxies = '10.0.0.0/8, ::1'").unwrap();
    let list = settings(Mode::Serve, "trusted-proxies = ['10.0.0.0/8', '::1']").unwrap();
    assert_eq!(text.trusted_proxies, list.trusted_proxies);
    assert!(text.trusted_proxies.trusts("10.1.2.3".parse().unwrap()));
}
