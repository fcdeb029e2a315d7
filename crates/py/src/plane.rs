//! The data plane for Python: zones in, views, misses out, sockets.
//!
//! Every call that computes or blocks lets go of the interpreter lock, and the locks here are only taken without it, so
//! that no thread can hold one while it waits for the other.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serve::{Asker, Candidate, Cidr, Entry, Plane, ResolverSettings, Server, SigningChange, unix_seconds};
use wire::{Edit, RrType};

use crate::dnssec::{PySigning, kek_of};
use crate::errors::Fault;
use crate::name::PyName;
use crate::records::PyRRset;

/// A zone version that is composed but not served.
#[pyclass(frozen, module = "seal53.core._native", name = "Candidate")]
pub struct PyCandidate {
    // For the facts of the moment.
    plane: Arc<Plane>,
    version: u64,
    candidate: Mutex<Option<Candidate>>,
}

#[pymethods]
impl PyCandidate {
    #[getter]
    fn version(&self) -> u64 {
        self.version
    }

    /// The reply that clients would get once it is committed; None for none. Raises PlaneFault (Committed) afterwards.
    #[pyo3(signature = (packet, now, *, tcp=true))]
    fn answer<'py>(
        &self,
        py: Python<'py>,
        packet: &[u8],
        now: u64,
        tcp: bool,
    ) -> Result<Option<Bound<'py, PyBytes>>, Fault> {
        let reply = py.detach(|| {
            let candidate = locked(&self.candidate);
            let candidate = candidate.as_ref().ok_or(Fault::Committed)?;
            let root = self.plane.load_full();
            Ok::<_, Fault>(candidate.answer(root.facts(), packet, now, Asker::local(tcp)))
        })?;
        Ok(reply.map(|reply| PyBytes::new(py, &reply)))
    }

    fn __repr__(&self) -> String {
        format!("Candidate(version {})", self.version)
    }
}

/// Zones, views, resolver caches, and the sockets that answer from them.
#[pyclass(frozen, module = "seal53.core._native", name = "DataPlane")]
pub struct PyDataPlane {
    plane: Arc<Plane>,
    server: Mutex<Option<Server>>,
}

#[pymethods]
impl PyDataPlane {
    #[new]
    fn new(kek: &[u8]) -> Result<Self, Fault> {
        Ok(Self { plane: Arc::new(Plane::new(*kek_of(kek)?)), server: Mutex::new(None) })
    }

    /// Composes a version without serving it.
    #[pyo3(signature = (zone_id, apex, *, base, version, edit, signing=None, keep_signing=false))]
    #[allow(clippy::too_many_arguments)]
    fn stage(
        &self,
        py: Python<'_>,
        zone_id: &str,
        apex: &PyName,
        base: Option<u64>,
        version: u64,
        edit: &[u8],
        signing: Option<&Bound<'_, PySigning>>,
        keep_signing: bool,
    ) -> Result<PyCandidate, Fault> {
        let signing = match signing {
            Some(_) if keep_signing => return Err(Fault::SigningTwice),
            Some(signing) => SigningChange::Set(signing.get().0.clone()),
            None if keep_signing => SigningChange::Keep,
            None => SigningChange::Unsigned,
        };
        let candidate = py.detach(|| {
            let edit = Edit::decode(edit)?;
            Ok::<_, Fault>(self.plane.stage(zone_id, &apex.0, base, version, &edit, signing)?)
        })?;
        let plane = Arc::clone(&self.plane);
        Ok(PyCandidate { plane, version: candidate.version(), candidate: Mutex::new(Some(candidate)) })
    }

    /// Serves a candidate from now on, whole. Raises PlaneFault if the zone changed since it was staged.
    fn commit(&self, py: Python<'_>, candidate: &PyCandidate) -> Result<(), Fault> {
        py.detach(|| {
            let candidate = locked(&candidate.candidate).take().ok_or(Fault::Committed)?;
            Ok(self.plane.commit(candidate)?)
        })
    }

    fn drop_zone(&self, py: Python<'_>, zone_id: &str) {
        py.detach(|| self.plane.drop_zone(zone_id));
    }

    fn version(&self, py: Python<'_>, zone_id: &str) -> Option<u64> {
        py.detach(|| self.plane.version(zone_id))
    }

    /// The whole zone as an edit of puts.
    fn export<'py>(&self, py: Python<'py>, zone_id: &str) -> Option<Bound<'py, PyBytes>> {
        let exported = py.detach(|| self.plane.export(zone_id));
        exported.map(|(_, _, edit)| PyBytes::new(py, &edit))
    }

    fn set_view(&self, py: Python<'_>, view_id: &str, zone_ids: Vec<String>) {
        py.detach(|| self.plane.set_view(view_id, &zone_ids));
    }

    #[pyo3(signature = (view_id, zone_ids, *, aws_profile=false))]
    fn set_resolver_view(&self, py: Python<'_>, view_id: &str, zone_ids: Vec<String>, aws_profile: bool) {
        py.detach(|| self.plane.set_resolver_view(view_id, &zone_ids, ResolverSettings { aws_profile }));
    }

    fn drop_view(&self, py: Python<'_>, view_id: &str) {
        py.detach(|| self.plane.drop_view(view_id));
    }

    fn flush(&self, py: Python<'_>, view_id: &str) {
        py.detach(|| self.plane.flush(view_id));
    }

    /// The reply of a view, without a socket; None for none, and for a resolver's miss.
    #[pyo3(signature = (view_id, packet, now, *, tcp=false, client="127.0.0.1"))]
    fn answer<'py>(
        &self,
        py: Python<'py>,
        view_id: &str,
        packet: &[u8],
        now: u64,
        tcp: bool,
        client: &str,
    ) -> Result<Option<Bound<'py, PyBytes>>, Fault> {
        let asker = asker(client, tcp)?;
        let reply = py.detach(|| self.plane.answer(view_id, packet, now, asker));
        Ok(reply.map(|reply| PyBytes::new(py, &reply)))
    }

    /// The reply of one zone, in a view or not; None if it is not here. Such questions are not logged.
    #[pyo3(signature = (zone_id, packet, now, *, tcp=false, client="127.0.0.1"))]
    fn answer_zone<'py>(
        &self,
        py: Python<'py>,
        zone_id: &str,
        packet: &[u8],
        now: u64,
        tcp: bool,
        client: &str,
    ) -> Result<Option<Bound<'py, PyBytes>>, Fault> {
        let asker = asker(client, tcp)?;
        let reply = py.detach(|| self.plane.answer_zone(zone_id, packet, now, asker));
        Ok(reply.map(|reply| PyBytes::new(py, &reply)))
    }

    /// The status of each health check, all of them each time; one that is not there counts as healthy.
    fn set_health(&self, py: Python<'_>, statuses: HashMap<String, bool>) {
        py.detach(|| self.plane.set_health(statuses));
    }

    /// Blocks by location by collection, all of them each time. Raises WireFault for what is no block.
    fn set_cidr(
        &self,
        py: Python<'_>,
        collections: HashMap<String, HashMap<String, Vec<String>>>,
    ) -> Result<(), Fault> {
        py.detach(|| {
            self.plane.set_cidr(Cidr::parse(collections)?);
            Ok(())
        })
    }

    /// Logs the queries that these zones cover, and no others from now on.
    fn set_query_logs(&self, py: Python<'_>, zone_ids: Vec<String>) {
        py.detach(|| self.plane.set_query_logs(&zone_ids));
    }

    /// (zone_id, line); blocks without the GIL up to timeout_ms.
    fn take_query_log(&self, py: Python<'_>, most: usize, timeout_ms: u64) -> Vec<(String, String)> {
        py.detach(|| self.plane.take_query_log(most, Duration::from_millis(timeout_ms)))
    }

    fn private_answer<'py>(
        &self,
        py: Python<'py>,
        view_id: &str,
        qname: &PyName,
        qtype: u16,
    ) -> Option<Bound<'py, PyBytes>> {
        let reply = py.detach(|| self.plane.private_answer(view_id, &qname.0, RrType(qtype)));
        reply.map(|reply| PyBytes::new(py, &reply))
    }

    /// (view_id, qname, qtype, cd); blocks without the GIL up to timeout_ms.
    fn take_misses(&self, py: Python<'_>, most: usize, timeout_ms: u64) -> Vec<(String, PyName, u16, bool)> {
        let misses = py.detach(|| self.plane.take_misses(most, Duration::from_millis(timeout_ms)));
        misses
            .into_iter()
            .map(|miss| (miss.view_id.to_string(), PyName(miss.qname), miss.qtype.code(), miss.cd))
            .collect()
    }

    /// Keeps what was found out about a question, and answers those who wait for it.
    #[pyo3(signature = (view_id, qname, qtype, cd, *, rcode, nxname, answer, authority, secure, ttl, ede, keep = true))]
    #[allow(clippy::too_many_arguments)]
    fn fill(
        &self,
        py: Python<'_>,
        view_id: &str,
        qname: &PyName,
        qtype: u16,
        cd: bool,
        rcode: u16,
        nxname: bool,
        answer: Vec<PyRRset>,
        authority: Vec<PyRRset>,
        secure: bool,
        ttl: u32,
        ede: Option<(u16, String)>,
        keep: bool,
    ) {
        py.detach(|| {
            let entry = Entry {
                rcode,
                nxname,
                answer: answer.into_iter().map(|rrset| rrset.0).collect(),
                authority: authority.into_iter().map(|rrset| rrset.0).collect(),
                additional: Vec::new(),
                secure,
                ttl,
                transient: !keep,
                ede,
            };
            self.plane.fill(view_id, &qname.0, RrType(qtype), cd, entry, unix_seconds());
        });
    }

    /// Answers at the address over UDP and TCP from the view. Port 0 lets the system choose; the port is returned.
    fn listen(&self, py: Python<'_>, address: &str, port: u16, view_id: &str) -> Result<u16, Fault> {
        let address = socket_address(address, port)?;
        py.detach(|| {
            let server = locked(&self.server);
            let bound = server.as_ref().ok_or(Fault::NotStarted)?.listen(address, view_id);
            bound.map(|bound| bound.port()).map_err(|error| Fault::Listen(address, error))
        })
    }

    /// Closes the sockets and connections of the address; nothing happens if there are none.
    fn unlisten(&self, py: Python<'_>, address: &str, port: u16) -> Result<(), Fault> {
        let address = socket_address(address, port)?;
        py.detach(|| {
            if let Some(server) = &*locked(&self.server) {
                server.unlisten(address);
            }
        });
        Ok(())
    }

    /// Starts the threads that answer; `workers` 0 means one for each core. Raises PlaneFault if they run already.
    fn start(&self, py: Python<'_>, workers: usize) -> Result<(), Fault> {
        py.detach(|| {
            let mut server = locked(&self.server);
            if server.is_some() {
                return Err(Fault::Started);
            }
            *server = Some(Server::start(Arc::clone(&self.plane), workers).map_err(Fault::Threads)?);
            Ok(())
        })
    }

    /// Closes all sockets and ends the threads, within half a second. Zones and views stay; it can be started again.
    fn stop(&self, py: Python<'_>) {
        py.detach(|| {
            let server = locked(&self.server).take();
            if let Some(server) = server {
                server.stop();
            }
        });
    }

    fn counters(&self, py: Python<'_>) -> HashMap<String, u64> {
        py.detach(|| self.plane.counters().into_iter().collect())
    }

    fn add_counter(&self, py: Python<'_>, name: &str, amount: u64) {
        py.detach(|| self.plane.add_counter(name, amount));
    }
}

/// A lock that a panic elsewhere did not make useless: what it guards is swapped whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn asker(client: &str, tcp: bool) -> Result<Asker, Fault> {
    Ok(Asker { client: ip_address(client)?, tcp })
}

fn ip_address(text: &str) -> Result<IpAddr, Fault> {
    text.parse().map_err(|_| Fault::Address(text.to_owned()))
}

fn socket_address(address: &str, port: u16) -> Result<SocketAddr, Fault> {
    Ok(SocketAddr::new(ip_address(address)?, port))
}

/// The code and the text of a failure to listen.
pub fn listen_fault(address: SocketAddr, error: &io::Error) -> (&'static str, String) {
    let (code, hint) = match error.kind() {
        io::ErrorKind::AddrInUse => ("AddressInUse", "; hint: another process answers there"),
        io::ErrorKind::AddrNotAvailable => ("AddressNotAvailable", "; hint: no interface has this address"),
        io::ErrorKind::PermissionDenied => {
            ("PermissionDenied", "; hint: ports below 1024 need CAP_NET_BIND_SERVICE")
        }
        _ => ("Listen", ""),
    };
    (code, format!("cannot listen on {address}: {error}{hint}"))
}
