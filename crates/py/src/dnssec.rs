//! DNSSEC primitives for Python: no clock, no policy, and never a plain private key (I6).

use ::dnssec::Window;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};
use serve::{SealedKey, SigningParts};

use crate::errors::Fault;
use crate::name::PyName;
use crate::records::{PyRRset, boxed};

/// The key tag of a DNSKEY RDATA (RFC 4034 appendix B).
#[pyfunction]
pub fn key_tag(dnskey: &[u8]) -> u16 {
    ::dnssec::key_tag(dnskey)
}

/// The DS RDATA for a DNSKEY of `owner`; digest types 1, 2 and 4.
#[pyfunction]
pub fn ds_rdata<'py>(
    py: Python<'py>,
    owner: &PyName,
    dnskey: &[u8],
    digest_type: u8,
) -> Result<Bound<'py, PyBytes>, Fault> {
    Ok(PyBytes::new(py, &::dnssec::ds_rdata(&owner.0, dnskey, digest_type)?))
}

/// The cryptographic check alone. Raises DnssecFault (BadSignature, UnsupportedAlgorithm, Mismatch, ...).
#[pyfunction]
pub fn verify_rrset(py: Python<'_>, rrset: &PyRRset, rrsig: &[u8], dnskey: &[u8]) -> Result<(), Fault> {
    let rrset = &rrset.0;
    Ok(py.detach(|| ::dnssec::verify_rrset(&rrset.owner, rrset.rtype, &rrset.rdatas, rrsig, dnskey))?)
}

/// RFC 4034 §3.1.8.1: what a signature covers; rrsig_head is the RRSIG RDATA up to and with the signer's name.
#[pyfunction]
pub fn signed_data<'py>(
    py: Python<'py>,
    rrset: &PyRRset,
    rrsig_head: &[u8],
) -> Result<Bound<'py, PyBytes>, Fault> {
    let rrset = &rrset.0;
    let octets = ::dnssec::signed_data_of(rrsig_head, &rrset.owner, rrset.rtype, &rrset.rdatas)?;
    Ok(PyBytes::new(py, &octets))
}

/// Next name and bitmap of an NSEC RDATA.
#[pyfunction]
pub fn nsec_types<'py>(py: Python<'py>, nsec: &[u8]) -> PyResult<(PyName, Bound<'py, PyTuple>)> {
    let (next, types) = ::dnssec::denial::nsec_types(nsec).map_err(Fault::from)?;
    let types = types.into_iter().map(|rtype| rtype.code()).collect::<Vec<_>>();
    Ok((PyName(next), PyTuple::new(py, types)?))
}

type BytesPair<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// (sealed PKCS#8, DNSKEY RDATA with flags 256) of a new P-256 key; the plain key never reaches Python.
#[pyfunction]
pub fn generate_zsk<'py>(py: Python<'py>, kek: &[u8], aad: &[u8]) -> Result<BytesPair<'py>, Fault> {
    let kek = kek_of(kek)?;
    let (sealed, dnskey) = py.detach(|| ::dnssec::generate_zsk(kek, aad))?;
    Ok((PyBytes::new(py, &sealed), PyBytes::new(py, &dnskey)))
}

/// A key-encryption key of the only length there is.
pub fn kek_of(kek: &[u8]) -> Result<&[u8; 32], Fault> {
    kek.try_into().map_err(|_| Fault::KekLength(kek.len()))
}

/// How a zone version is signed. rrsigs in windows cover the DNSKEY RRset; keys are (sealed PKCS#8, aad, DNSKEY RDATA).
#[pyclass(frozen, module = "seal53.core._native", name = "Signing")]
pub struct PySigning(pub SigningParts);

type WindowParts = (u64, u64, u64, Vec<PyBackedBytes>);
type KeyParts = (PyBackedBytes, PyBackedBytes, PyBackedBytes);

#[pymethods]
impl PySigning {
    #[new]
    fn new(
        dnskey_ttl: u32,
        dnskeys: Vec<PyBackedBytes>,
        windows: Vec<WindowParts>,
        keys: Vec<KeyParts>,
    ) -> Result<Self, Fault> {
        let windows = windows
            .into_iter()
            .map(|(from, inception, expiration, rrsigs)| {
                Ok(Window {
                    from: serial(from),
                    inception: serial(inception),
                    expiration: serial(expiration),
                    rrsigs: boxed(&rrsigs)?,
                })
            })
            .collect::<Result<_, Fault>>()?;
        let keys = keys
            .into_iter()
            .map(|(sealed, aad, dnskey)| SealedKey {
                sealed: Box::from(&*sealed),
                aad: Box::from(&*aad),
                dnskey: Box::from(&*dnskey),
            })
            .collect();
        Ok(Self(SigningParts { dnskey_ttl, dnskeys: boxed(&dnskeys)?, windows, keys }))
    }

    fn __repr__(&self) -> String {
        format!("Signing({} DNSKEYs, {} windows)", self.0.dnskeys.len(), self.0.windows.len())
    }
}

/// RFC 4034 §3.1.5: times in RRSIGs are UNIX seconds modulo 2^32.
fn serial(seconds: u64) -> u32 {
    (seconds & u64::from(u32::MAX)) as u32
}
