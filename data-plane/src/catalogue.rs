//! The catalogue as the control plane sees it: kinds of plugins and providers, and whether a
//! document can be built. Built by the code that data planes run.
