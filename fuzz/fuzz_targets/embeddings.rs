#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sanmon_fuzz::embeddings(data));
