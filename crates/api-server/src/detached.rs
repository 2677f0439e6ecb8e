use domain::fault::Code;
use http_kit::ApiError;
use runtime::Supervisor;
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

/// Runs `work` to its end even when the caller goes away or runs out of time, and waits for its
/// outcome as long as the caller does.
///
/// For work that asks a provider in the middle: dropped there, only a reconciler could tell later
/// what happened.
pub(crate) async fn detached<T: Send + 'static>(
    supervisor: &Supervisor,
    name: &'static str,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, ApiError> {
    let (sender, receiver) = oneshot::channel();
    let run = async move {
        // Nobody waits any more: the outcome is stored, only the answer is lost.
        let _ = sender.send(work.await);
    };
    supervisor.spawn_once(name, run.instrument(Span::current()));
    // It panicked, or was aborted at the end of the process; the supervisor has logged it.
    receiver.await.map_err(|_| ApiError::new(Code::InternalError))
}
