//! Parsed messages and upstream queries for Python.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use wire::{Message, RrType};

use crate::errors::Fault;
use crate::name::PyName;
use crate::records::rrset_tuple;

/// A parsed DNS message. RRsets are grouped by owner and type, RRSIG RRsets by owner; rcode is the extended one.
#[pyclass(frozen, module = "seal53.core._native", name = "Message")]
pub struct PyMessage(Message);

#[pymethods]
impl PyMessage {
    #[staticmethod]
    fn parse(py: Python<'_>, packet: &[u8]) -> Result<Self, Fault> {
        Ok(Self(py.detach(|| Message::parse(packet))?))
    }

    #[getter]
    fn id(&self) -> u16 {
        self.0.id
    }

    #[getter]
    fn rcode(&self) -> u16 {
        self.0.rcode
    }

    #[getter]
    fn qr(&self) -> bool {
        self.0.qr
    }

    #[getter]
    fn aa(&self) -> bool {
        self.0.aa
    }

    #[getter]
    fn tc(&self) -> bool {
        self.0.tc
    }

    #[getter]
    fn ra(&self) -> bool {
        self.0.ra
    }

    #[getter]
    fn ad(&self) -> bool {
        self.0.ad
    }

    /// Name, type and class that were asked for.
    #[getter]
    fn question(&self) -> Option<(PyName, u16, u16)> {
        self.0.question.as_ref().map(|(name, rtype, class)| (PyName(name.clone()), rtype.code(), *class))
    }

    #[getter]
    fn answer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        rrset_tuple(py, &self.0.answer)
    }

    #[getter]
    fn authority<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        rrset_tuple(py, &self.0.authority)
    }

    #[getter]
    fn additional<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        rrset_tuple(py, &self.0.additional)
    }

    /// Extended DNS errors: info code and extra text (RFC 8914).
    #[getter]
    fn edes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.0.edes)
    }

    fn __repr__(&self) -> String {
        match &self.0.question {
            Some((name, rtype, _)) => format!("Message({name} {rtype}, rcode {})", self.0.rcode),
            None => format!("Message(rcode {})", self.0.rcode),
        }
    }
}

/// A query with EDNS, ready to be sent.
#[pyfunction]
#[pyo3(signature = (id, qname, qtype, *, rd=false, cd=false, r#do=true, udp_size=1232))]
#[allow(clippy::too_many_arguments)]
pub fn build_query<'py>(
    py: Python<'py>,
    id: u16,
    qname: &PyName,
    qtype: u16,
    rd: bool,
    cd: bool,
    r#do: bool,
    udp_size: u16,
) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &wire::build_query(id, &qname.0, RrType(qtype), rd, cd, r#do, udp_size))
}
