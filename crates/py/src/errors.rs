//! Errors of the crates as exceptions: the one place where that is decided.
//!
//! `NameFault` and `WireFault` carry a text, `DnssecFault` and `PlaneFault` a stable code and a text. Texts come from
//! the crates, which keep key material out of them (I6).

use std::io;
use std::net::SocketAddr;

use ::dnssec::DnssecError;
use pyo3::create_exception;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serve::{BadBlock, PlaneError};
use wire::{EditError, NameError, ParseError, UnknownRrType};

use crate::plane::listen_fault;

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
    /// A change that cannot be served.
    Plane(PlaneError),
    /// A candidate that was committed already.
    Committed,
    /// New signing and the old one, both.
    SigningTwice,
    /// Listening before `start`.
    NotStarted,
    /// Starting twice.
    Started,
    /// Text that is no IP address.
    Address(String),
    /// The system did not let us listen there.
    Listen(SocketAddr, io::Error),
    /// The system did not give us threads.
    Threads(io::Error),
}

impl From<PlaneError> for Fault {
    fn from(error: PlaneError) -> Self {
        match error {
            PlaneError::Dnssec(error) => Self::Dnssec(error),
            other => Self::Plane(other),
        }
    }
}

fn plane_fault(code: &'static str, text: impl Into<String>) -> PyErr {
    PlaneFault::new_err((code, text.into()))
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

impl From<BadBlock> for Fault {
    fn from(error: BadBlock) -> Self {
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
            Fault::Plane(error) => plane_fault(plane_code(&error), error.to_string()),
            Fault::Committed => plane_fault("Committed", "the candidate was committed already"),
            Fault::SigningTwice => PyValueError::new_err("give a signing or keep_signing, not both"),
            Fault::NotStarted => {
                plane_fault("NotStarted", "the data plane is not started; hint: call start() first")
            }
            Fault::Started => plane_fault("Started", "the data plane is started already"),
            Fault::Address(text) => PyValueError::new_err(format!("{text:?} is not an IP address")),
            Fault::Listen(address, error) => {
                let (code, text) = listen_fault(address, &error);
                plane_fault(code, text)
            }
            Fault::Threads(error) => plane_fault("Threads", format!("cannot start the workers: {error}")),
        }
    }
}

/// The code of a refused change; the variant's name, or the zone error's.
fn plane_code(error: &PlaneError) -> &'static str {
    match error {
        PlaneError::WrongBase { .. } => "WrongBase",
        PlaneError::WrongApex { .. } => "WrongApex",
        PlaneError::Zone(_) => "Zone",
        PlaneError::Dnssec(error) => error.code(),
        _ => "Refused",
    }
}
