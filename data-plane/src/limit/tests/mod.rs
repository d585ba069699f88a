mod away;
mod counter;
mod exchanges;
mod interleaved;
mod races;
mod reserving;
mod settling;
mod store;
