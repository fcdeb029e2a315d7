//! `seal53.core._native`: the border between Python and the crates.
//!
//! The only crate that knows PyO3. It converts values and errors and lets go of the interpreter lock around anything
//! that computes or blocks; it decides nothing. Limits: importing it starts no thread, so that a process may import it
//! and fork; threads begin with `DataPlane.start`. `_native.pyi` is its declaration, compared by mypy's stubtest.

mod dnssec;
mod errors;
mod message;
mod name;
mod plane;
mod records;

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The data plane and the names, messages and signatures that both sides share.
#[pymodule(gil_used = false)]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::dnssec::{PySigning, ds_rdata, generate_zsk, key_tag, nsec_types, signed_data, verify_rrset};
    #[pymodule_export]
    use errors::{DnssecFault, NameFault, PlaneFault, WireFault};
    #[pymodule_export]
    use message::{PyMessage, build_query};
    #[pymodule_export]
    use name::{PyName, rtype_number, rtype_text};
    #[pymodule_export]
    use plane::{PyCandidate, PyDataPlane};
    #[pymodule_export]
    use records::{
        PyRRset, PyRecordSet, PyRouting, decode_edit, decode_put, encode_edit, encode_put, join_edit,
    };

    #[pymodule_export]
    use super::build_info;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("DNSSEC_CODES", PyTuple::new(module.py(), ::dnssec::CODES)?)
    }
}

/// How the extension was built: profile ("release" or "debug"), version, commit, features.
#[pyfunction]
fn build_info() -> HashMap<&'static str, &'static str> {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let features = if cfg!(feature = "extension-module") { "extension-module" } else { "" };
    HashMap::from([
        ("profile", profile),
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", option_env!("SEAL53_COMMIT").unwrap_or("unknown")),
        ("features", features),
    ])
}
