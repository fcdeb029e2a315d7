//! RRsets, record sets and edits for Python.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};
use wire::{Choice, Content, Edit, MAX_DEPTH, RRset, RecordSet, RecordSetKey, Routing, RrType};

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

/// How one record set among several of its owner and type is chosen.
#[pyclass(frozen, eq, hash, from_py_object, module = "seal53.core._native", name = "Routing")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PyRouting(Routing);

#[pymethods]
impl PyRouting {
    /// In proportion to the weight; raises WireFault outside of 0 to 255.
    #[staticmethod]
    fn weighted(weight: i64) -> Result<Self, Fault> {
        let weight =
            u8::try_from(weight).map_err(|_| Fault::Wire(format!("a weight is 0 to 255, not {weight}")))?;
        Ok(Self(Routing::Weighted(weight)))
    }

    #[staticmethod]
    fn failover(primary: bool) -> Self {
        Self(Routing::Failover { primary })
    }

    #[staticmethod]
    fn multivalue() -> Self {
        Self(Routing::Multivalue)
    }

    /// By the client's address; location "*" is for addresses in no block.
    #[staticmethod]
    fn cidr(collection_id: &str, location: &str) -> Result<Self, Fault> {
        Ok(Self(Routing::Cidr { collection: text_of(collection_id)?, location: text_of(location)? }))
    }

    #[staticmethod]
    fn located(default: bool) -> Self {
        Self(Routing::Located { default })
    }

    #[getter]
    fn kind(&self) -> &'static str {
        match self.0 {
            Routing::Weighted(_) => "weighted",
            Routing::Failover { .. } => "failover",
            Routing::Multivalue => "multivalue",
            Routing::Cidr { .. } => "cidr",
            Routing::Located { .. } => "located",
        }
    }

    fn __repr__(&self) -> String {
        let flag = |flag: bool| if flag { "True" } else { "False" };
        match &self.0 {
            Routing::Weighted(weight) => format!("Routing.weighted({weight})"),
            Routing::Failover { primary } => format!("Routing.failover({})", flag(*primary)),
            Routing::Multivalue => "Routing.multivalue()".to_owned(),
            Routing::Cidr { collection, location } => format!("Routing.cidr({collection:?}, {location:?})"),
            Routing::Located { default } => format!("Routing.located({})", flag(*default)),
        }
    }
}

/// The unit of a zone's contents: keyed by owner, type and set identifier; rdatas, an alias, a group or nothing yet.
#[pyclass(frozen, eq, from_py_object, module = "seal53.core._native", name = "RecordSet")]
#[derive(Clone, PartialEq, Eq)]
pub struct PyRecordSet(pub RecordSet);

#[pymethods]
impl PyRecordSet {
    #[new]
    #[pyo3(
        signature = (
            owner, rtype, set_id="", *, ttl=0, rdatas=Vec::new(), alias=None, evaluate_health=false,
            written=Vec::new(), unresolved=false, routing=None, health_check=None
        ),
        text_signature = "(owner, rtype, set_id='', *, ttl=0, rdatas=(), alias=None, evaluate_health=False, \
                          written=(), unresolved=False, routing=None, health_check=None)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn new(
        owner: &PyName,
        rtype: u16,
        set_id: &str,
        ttl: u32,
        rdatas: Vec<PyBackedBytes>,
        alias: Option<PyName>,
        evaluate_health: bool,
        written: Vec<PyRecordSet>,
        unresolved: bool,
        routing: Option<PyRouting>,
        health_check: Option<&str>,
    ) -> Result<Self, Fault> {
        let refuse = |text: &str| Err(Fault::Wire(text.to_owned()));
        let given = [!rdatas.is_empty(), alias.is_some(), !written.is_empty(), unresolved];
        if given.into_iter().filter(|given| *given).count() != 1 {
            return refuse("a record set has exactly one of rdatas, alias, written and unresolved");
        }
        if evaluate_health && !rdatas.is_empty() {
            return refuse("a record set with rdatas has no target whose health could be evaluated");
        }
        if written.iter().any(|set| set.0.rtype.code() != rtype) {
            return refuse("what is written out for an alias has the alias's type");
        }
        let content = if let Some(target) = alias {
            Content::Alias { target: target.0, evaluate_health }
        } else if unresolved {
            Content::Unresolved { evaluate_health }
        } else if written.is_empty() {
            Content::Records { ttl, rdatas: boxed(&rdatas)? }
        } else {
            let group = written.into_iter().map(|set| set.0.choice).collect();
            Content::Written { group, evaluate_health }
        };
        if content.depth() > MAX_DEPTH {
            return Err(Fault::Wire(format!("a record set has at most {MAX_DEPTH} groups in one another")));
        }
        let choice = Choice {
            set_id: text_of(set_id)?,
            routing: routing.map(|routing| routing.0),
            health_check: health_check.filter(|id| !id.is_empty()).map(text_of).transpose()?,
            content,
        };
        Ok(Self(RecordSet { owner: owner.0.clone(), rtype: RrType(rtype), choice }))
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
        &self.0.choice.set_id
    }

    /// Seconds; 0 for an alias, which has its target's.
    #[getter]
    fn ttl(&self) -> u32 {
        match self.0.choice.content {
            Content::Records { ttl, .. } => ttl,
            _ => 0,
        }
    }

    #[getter]
    fn rdatas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.0.choice.content {
            Content::Records { rdatas, .. } => bytes_tuple(py, rdatas),
            _ => Ok(PyTuple::empty(py)),
        }
    }

    #[getter]
    fn alias(&self) -> Option<PyName> {
        match &self.0.choice.content {
            Content::Alias { target, .. } => Some(PyName(target.clone())),
            _ => None,
        }
    }

    /// Is an alias unhealthy while nothing at its target is healthy?
    #[getter]
    fn evaluate_health(&self) -> bool {
        match self.0.choice.content {
            Content::Records { .. } => false,
            Content::Alias { evaluate_health, .. }
            | Content::Written { evaluate_health, .. }
            | Content::Unresolved { evaluate_health } => evaluate_health,
        }
    }

    /// The group that was written out for an alias, with this record set's owner.
    #[getter]
    fn written<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let Content::Written { group, .. } = &self.0.choice.content else { return Ok(PyTuple::empty(py)) };
        let RecordSet { owner, rtype, .. } = &self.0;
        let of = |choice: &Choice| RecordSet { owner: owner.clone(), rtype: *rtype, choice: choice.clone() };
        PyTuple::new(py, group.iter().map(|choice| Self(of(choice))).collect::<Vec<_>>())
    }

    /// Is it known that there is something, and not what?
    #[getter]
    fn unresolved(&self) -> bool {
        matches!(self.0.choice.content, Content::Unresolved { .. })
    }

    #[getter]
    fn routing(&self) -> Option<PyRouting> {
        self.0.choice.routing.clone().map(PyRouting)
    }

    #[getter]
    fn health_check(&self) -> Option<&str> {
        self.0.choice.health_check.as_deref()
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0.key())
    }

    fn __repr__(&self) -> String {
        format!("RecordSet({} {} {:?})", self.0.owner, self.0.rtype, self.0.choice.set_id)
    }
}

/// One put of an edit, to be stored.
#[pyfunction]
pub fn encode_put<'py>(py: Python<'py>, record: &PyRecordSet) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &record.0.encode())
}

/// The record set of an encoded put. Raises WireFault.
#[pyfunction]
pub fn decode_put(put: &[u8]) -> Result<PyRecordSet, Fault> {
    Ok(PyRecordSet(RecordSet::decode(put)?))
}

/// The edit of encoded puts, which are joined and not decoded. Raises WireFault.
#[pyfunction]
pub fn join_edit<'py>(
    py: Python<'py>,
    puts: Vec<PyBackedBytes>,
    deletes: Deletes,
) -> Result<Bound<'py, PyBytes>, Fault> {
    let octets = py.detach(|| Edit::join(puts.iter().map(|put| &**put), &keys_of(deletes)))?;
    Ok(PyBytes::new(py, &octets))
}

/// The octets that the feed and the store carry: deletes first, then puts.
#[pyfunction]
pub fn encode_edit(py: Python<'_>, puts: Vec<PyRecordSet>, deletes: Deletes) -> Bound<'_, PyBytes> {
    let octets = py.detach(|| {
        let puts = puts.into_iter().map(|set| set.0).collect();
        Edit { puts, deletes: keys_of(deletes) }.encode()
    });
    PyBytes::new(py, &octets)
}

type Deletes = Vec<(PyName, u16, String)>;

fn keys_of(deletes: Deletes) -> Vec<RecordSetKey> {
    let key = |(owner, rtype, set_id): (PyName, u16, String)| RecordSetKey {
        owner: owner.0,
        rtype: RrType(rtype),
        set_id: set_id.into_boxed_str(),
    };
    deletes.into_iter().map(key).collect()
}

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

/// An identifier from Python, refused where the encoding could not hold it.
fn text_of(text: &str) -> Result<Box<str>, Fault> {
    if text.len() > usize::from(u16::MAX) {
        return Err(Fault::Wire("an identifier is longer than 65535 octets".to_owned()));
    }
    Ok(text.into())
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
