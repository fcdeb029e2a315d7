//! Names and type numbers for Python.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};
use wire::{Name, RrType};

use crate::errors::Fault;

/// A domain name. Equality, hash and order ignore ASCII case; order is RFC 4034 §6.1.
#[pyclass(frozen, eq, ord, from_py_object, module = "seal53.core._native", name = "Name")]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PyName(pub Name);

#[pymethods]
impl PyName {
    #[staticmethod]
    fn root() -> Self {
        Self(Name::root())
    }

    #[staticmethod]
    fn parse(text: &str) -> Result<Self, Fault> {
        Ok(Self(Name::parse(text)?))
    }

    #[staticmethod]
    fn from_wire(wire: &[u8]) -> Result<Self, Fault> {
        Ok(Self(Name::from_wire(wire)?))
    }

    #[staticmethod]
    fn from_labels(labels: Vec<PyBackedBytes>) -> Result<Self, Fault> {
        Ok(Self(Name::from_labels(&labels)?))
    }

    fn to_wire<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.as_wire())
    }

    /// Leftmost first, without the root label.
    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.labels().map(|label| PyBytes::new(py, label)).collect::<Vec<_>>())
    }

    #[getter]
    fn is_root(&self) -> bool {
        self.0.is_root()
    }

    #[getter]
    fn is_wildcard(&self) -> bool {
        self.0.is_wildcard()
    }

    fn parent(&self) -> Option<Self> {
        self.0.parent().map(Self)
    }

    fn child(&self, label: &[u8]) -> Result<Self, Fault> {
        Ok(Self(self.0.child(label)?))
    }

    fn ancestor(&self, labels: u8) -> Option<Self> {
        self.0.ancestor(labels).map(Self)
    }

    fn is_at_or_below(&self, other: &Self) -> bool {
        self.0.is_at_or_below(&other.0)
    }

    fn lower(&self) -> Self {
        Self(self.0.to_lowercase())
    }

    fn listing_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.listing_key())
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.0)
    }

    fn __len__(&self) -> usize {
        usize::from(self.0.label_count())
    }

    /// Always true: the root is a name too, whatever its length.
    fn __bool__(&self) -> bool {
        true
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Name({:?})", self.0.to_string())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let make = slf.get_type().getattr("from_wire")?;
        Ok((make, (slf.get().to_wire(slf.py()),)))
    }
}

/// A hash that is the same in every process, for values that cross between them.
pub fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The number of a record type: `A`, `aaaa`, `TYPE65280`.
#[pyfunction]
pub fn rtype_number(text: &str) -> Result<u16, Fault> {
    Ok(text.parse::<RrType>()?.code())
}

/// The name of a record type, `TYPE` and the number for one without (RFC 3597 §5).
#[pyfunction]
pub fn rtype_text(rtype: u16) -> String {
    RrType(rtype).to_string()
}
