//! RRsets, record sets and edits for Python.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};
use wire::{Content, Edit, RRset, RecordSet, RecordSetKey, RrType};

use crate::errors::Fault;
use crate::name::{PyName, hash_of};

/// Owner, type (a number), TTL in seconds, RDATA as uncompressed wire octets; class IN.
#[pyclass(frozen, eq, hash, from_py_object, module = "seal53.core._native", name = "RRset")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PyRRset(pub RRset);

#[pymethods]
impl PyRRset {
    #[new]
    fn new(owner: &PyName, rtype: u16, ttl: u32, rdatas: Vec<PyBackedBytes>) -> Result<Self, Fault> {
        let rdatas = boxed(&rdatas)?;
        Ok(Self(RRset { owner: owner.0.clone(), rtype: RrType(rtype), ttl, rdatas }))
    }

    #[getter]
    fn owner(&self) -> PyName {
        PyName(self.0.owner.clone())
    }

    #[getter]
    fn rtype(&self) -> u16 {
        self.0.rtype.code()
    }

    #[getter]
    fn ttl(&self) -> u32 {
        self.0.ttl
    }

    #[getter]
    fn rdatas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        bytes_tuple(py, &self.0.rdatas)
    }

    fn __repr__(&self) -> String {
        format!("RRset({} {} {}, {} records)", self.0.owner, self.0.ttl, self.0.rtype, self.0.rdatas.len())
    }
}

/// The unit of a zone's contents: keyed by owner, type and set identifier; rdatas or an alias in the same zone.
#[pyclass(frozen, eq, from_py_object, module = "seal53.core._native", name = "RecordSet")]
#[derive(Clone, PartialEq, Eq)]
pub struct PyRecordSet(pub RecordSet);

#[pymethods]
impl PyRecordSet {
    #[new]
    #[pyo3(
        signature = (owner, rtype, set_id="", *, ttl=0, rdatas=Vec::new(), alias=None),
        text_signature = "(owner, rtype, set_id='', *, ttl=0, rdatas=(), alias=None)"
    )]
    fn new(
        owner: &PyName,
        rtype: u16,
        set_id: &str,
        ttl: u32,
        rdatas: Vec<PyBackedBytes>,
        alias: Option<PyName>,
    ) -> Result<Self, Fault> {
        let content = match alias {
            None if rdatas.is_empty() => {
                return Err(Fault::Wire(
                    "a record set has rdatas or an alias, this one has neither".to_owned(),
                ));
            }
            Some(_) if !rdatas.is_empty() => {
                return Err(Fault::Wire("a record set has rdatas or an alias, not both".to_owned()));
            }
            Some(target) => Content::Alias { target: target.0 },
            None => Content::Records { ttl, rdatas: boxed(&rdatas)? },
        };
        Ok(Self(RecordSet { owner: owner.0.clone(), rtype: RrType(rtype), set_id: set_id.into(), content }))
    }

    #[getter]
    fn owner(&self) -> PyName {
        PyName(self.0.owner.clone())
    }

    #[getter]
    fn rtype(&self) -> u16 {
        self.0.rtype.code()
    }

    #[getter]
    fn set_id(&self) -> &str {
        &self.0.set_id
    }

    /// Seconds; 0 for an alias, which has its target's.
    #[getter]
    fn ttl(&self) -> u32 {
        match self.0.content {
            Content::Records { ttl, .. } => ttl,
            Content::Alias { .. } => 0,
        }
    }

    #[getter]
    fn rdatas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.0.content {
            Content::Records { rdatas, .. } => bytes_tuple(py, rdatas),
            Content::Alias { .. } => Ok(PyTuple::empty(py)),
        }
    }

    #[getter]
    fn alias(&self) -> Option<PyName> {
        match &self.0.content {
            Content::Records { .. } => None,
            Content::Alias { target } => Some(PyName(target.clone())),
        }
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.key())
    }

    fn __repr__(&self) -> String {
        format!("RecordSet({} {} {:?})", self.0.owner, self.0.rtype, self.0.set_id)
    }
}

/// The octets that the feed and the store carry: deletes first, then puts.
#[pyfunction]
pub fn encode_edit(
    py: Python<'_>,
    puts: Vec<PyRecordSet>,
    deletes: Vec<(PyName, u16, String)>,
) -> Bound<'_, PyBytes> {
    let octets = py.detach(|| {
        let puts = puts.into_iter().map(|set| set.0).collect();
        let deletes = deletes
            .into_iter()
            .map(|(owner, rtype, set_id)| RecordSetKey {
                owner: owner.0,
                rtype: RrType(rtype),
                set_id: set_id.into_boxed_str(),
            })
            .collect();
        Edit { puts, deletes }.encode()
    });
    PyBytes::new(py, &octets)
}

type Deletes = Vec<(PyName, u16, String)>;

/// The puts and deletes of an encoded edit.
#[pyfunction]
pub fn decode_edit(py: Python<'_>, edit: &[u8]) -> Result<(Vec<PyRecordSet>, Deletes), Fault> {
    let edit = py.detach(|| Edit::decode(edit))?;
    let deletes = edit
        .deletes
        .into_iter()
        .map(|key| (PyName(key.owner), key.rtype.code(), key.set_id.into_string()))
        .collect();
    Ok((edit.puts.into_iter().map(PyRecordSet).collect(), deletes))
}

/// RDATA from Python, refused where no wire form could hold it.
pub fn boxed(rdatas: &[PyBackedBytes]) -> Result<Vec<Box<[u8]>>, Fault> {
    if rdatas.iter().any(|rdata| rdata.len() > usize::from(u16::MAX)) {
        return Err(Fault::Wire("RDATA is longer than 65535 octets".to_owned()));
    }
    Ok(rdatas.iter().map(|rdata| Box::from(&**rdata)).collect())
}

fn bytes_tuple<'py>(py: Python<'py>, rdatas: &[Box<[u8]>]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, rdatas.iter().map(|rdata| PyBytes::new(py, rdata)).collect::<Vec<_>>())
}

/// RRsets of a section as Python values.
pub fn rrset_tuple<'py>(py: Python<'py>, rrsets: &[RRset]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, rrsets.iter().cloned().map(PyRRset).collect::<Vec<_>>())
}
