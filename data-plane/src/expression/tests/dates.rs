use super::*;

#[test]
fn now_is_when_the_request_came() {
    check(
        &exchange(request()),
        &[
            ("date", "2026-11-21T15:04:05.678Z"),
            ("now", "2026-11-21T15:04:05.678Z"),
            ("date.epoch_ms", "1795273445678"),
            ("now.epoch_sec", "1795273445"),
            ("date.format('yyyy-MM-dd')", "2026-11-21"),
            ("now.format('yyyy-MM-dd')", "2026-11-21"),
            ("now.plus_ms(1000)", "2026-11-21T15:04:06.678Z"),
            ("now.minus_ms(86400000).format('dd/MM/yy')", "20/11/26"),
            ("now.plus_ms(1).epoch_ms", "1795273445679"),
            ("now.minus_ms(1000).epoch_sec", "1795273444"),
        ],
    );
}

#[test]
fn a_date_can_be_written_down_or_found() {
    let exchange = exchange(request().insert_header(("x-since", "2020-02-29T12:00:00+01:00")));
    check(
        &exchange,
        &[
            ("date(2026-01-02).epoch_ms", "1767312000000"),
            ("date(2026-01-02T03:04:05Z).format('HH:mm:ss')", "03:04:05"),
            ("date(2026-01-02T03:04:05.5+02:00).plus_ms(500)", "2026-01-02T03:04:06.000+02:00"),
            ("date(2026-01).format('d MMMM')", "1 January"),
            ("date(2026).minus_ms(1).epoch_sec", "1767225599"),
            ("date_el(req.headers.x-since).epoch_sec", "1582974000"),
            ("date_el(req.headers.x-since).plus_ms(0).format('EEEE D Z')", "Saturday 60 +0100"),
            ("date_el(req.headers.none:2020).epoch_sec", "1577836800"),
            ("date_el(now.plus_ms(1)).epoch_ms", "1795273445679"),
        ],
    );
    // Alternatives come before everything else: what is between the bars is read by itself.
    check(
        &exchange,
        &[("req.headers.none || date_el(req.headers.x-since).epoch_ms", "1582974000000")],
    );
}

#[test]
fn what_is_no_date_is_bad() {
    check(
        &exchange(request()),
        &[
            ("date(2026-01-02)", "bad-expr"),
            ("date(tomorrow).epoch_ms", "bad-expr"),
            ("date_el(req.method).epoch_ms", "bad-expr"),
            ("date_el(req.headers.none).epoch_ms", "bad-expr"),
            ("now.plus_ms(many)", "bad-expr"),
            ("now.plus_ms(9223372036854775807)", "bad-expr"),
            ("now.plus_ms(-9223372036854775808).epoch_ms", "bad-expr"),
            ("now.format('')", "bad-expr"),
            ("now.format('bb')", "bad-expr"),
            ("now.format('it''s')", "bad-expr"),
            ("now.year", "bad-expr"),
            ("dates", "bad-expr"),
            ("nowhere", "bad-expr"),
        ],
    );
}

#[test]
fn patterns_have_the_letters_of_the_product() {
    let exchange = exchange(request());
    for (pattern, expected) in [
        ("G C yyyy YY y x", "AD 20 2026 26 2026 2026"),
        ("w e E EEEE D DDD", "47 6 Sat Saturday 325 325"),
        ("M MM MMM MMMM d dd", "11 11 Nov November 21 21"),
        ("a K h H k HH", "PM 3 3 15 15 15"),
        ("m mm s ss S SSS SSSSSS", "4 04 5 05 6 678 678000"),
        ("z Z ZZ ZZZ", "UTC +0000 +00:00 UTC"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "2026-11-21T15:04:05.678+00:00"),
        ("'o''clock' ''h", "o'clock '3"),
    ] {
        assert_eq!(evaluate(&format!("${{now.format('{pattern}')}}"), &exchange), expected);
    }
    let midnight = "date(2026-01-01).format('K h H k')";
    assert_eq!(evaluate(&format!("${{{midnight}}}"), &exchange), "0 12 0 24");
}
