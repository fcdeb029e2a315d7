//! The only crate that knows PyO3.
use pyo3::prelude::*;

/// seal53.core._native
#[pymodule(gil_used = false)]
fn _native(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
