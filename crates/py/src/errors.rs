//! Errors of the crates as exceptions: the one place where that is decided.
//!
//! `NameFault` and `WireFault` carry a text, `DnssecFault` and `PlaneFault` a stable code and a text. Texts come from
//! the crates, which keep key material out of them (I6).

use ::dnssec::DnssecError;
use pyo3::create_exception;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use wire::{EditError, NameError, ParseError, UnknownRrType};

create_exception!(
    seal53.core._native,
    NameFault,
    PyValueError,
    "A text or octets that are not a domain name."
);
create_exception!(seal53.core._native, WireFault, PyValueError, "Octets that are not what they should be.");
create_exception!(
    seal53.core._native,
    DnssecFault,
    PyValueError,
    "A key, signature or digest that does not hold; args is (code, text)."
);
create_exception!(
    seal53.core._native,
    PlaneFault,
    PyRuntimeError,
    "The data plane refused a change; args is (code, text)."
);

/// What `?` turns every error of the crates into, on its way to Python.
pub enum Fault {
    /// Not a name.
    Name(NameError),
    /// Not a message, an edit, a type or a record set; the text says which.
    Wire(String),
    /// Something of DNSSEC that does not hold.
    Dnssec(DnssecError),
    /// A key-encryption key of this length.
    KekLength(usize),
}

impl From<DnssecError> for Fault {
    fn from(error: DnssecError) -> Self {
        Self::Dnssec(error)
    }
}

impl From<NameError> for Fault {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<ParseError> for Fault {
    fn from(error: ParseError) -> Self {
        Self::Wire(error.to_string())
    }
}

impl From<EditError> for Fault {
    fn from(error: EditError) -> Self {
        Self::Wire(error.to_string())
    }
}

impl From<UnknownRrType> for Fault {
    fn from(error: UnknownRrType) -> Self {
        Self::Wire(error.to_string())
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Name(error) => NameFault::new_err(error.to_string()),
            Fault::Wire(text) => WireFault::new_err(text),
            Fault::Dnssec(error) => DnssecFault::new_err((error.code(), error.to_string())),
            Fault::KekLength(length) => {
                PyValueError::new_err(format!("the key-encryption key has {length} octets; it needs 32"))
            }
        }
    }
}
