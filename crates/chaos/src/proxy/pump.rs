use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    time::sleep,
};

use super::{
    fuse::{Fuse, Way},
    weather::{Cut, Mode, View},
};

/// Small, so that faults fall between the pieces of one message.
const PIECE: usize = 4096;

/// Carries bytes between two ends until one of them, or the weather, ends it.
pub(super) async fn carry(mut near: TcpStream, mut far: TcpStream, view: View, fuse: &Fuse) {
    let (near_in, near_out) = near.split();
    let (far_in, far_out) = far.split();
    let there = pump(near_in, far_out, &view, (fuse, Way::There));
    let back = pump(far_in, near_out, &view, (fuse, Way::Back));
    if tokio::try_join!(there, back).is_err() {
        // A reset, not an orderly end: the other side must notice.
        let _ = near.set_zero_linger();
        let _ = far.set_zero_linger();
    }
}

async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    view: &View,
    (fuse, way): (&Fuse, Way),
) -> Result<(), Cut> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.map_err(|_| Cut)?,
            () = view.cut() => return Err(Cut),
        };
        view.light().await?;
        if read == 0 && !view.is_deaf() {
            return to.shutdown().await.map_err(|_| Cut);
        }
        if view.is_deaf() {
            return swallow(from, view).await;
        }
        let burnt = fuse.burn(way, read);
        let piece = buffer.get(..burnt.unwrap_or(read)).unwrap_or_default();
        deliver(piece, &mut to, view).await?;
        if burnt.is_some() {
            return Err(Cut);
        }
    }
}

/// Takes what comes and passes nothing on, until the sender gives up.
async fn swallow(mut from: ReadHalf<'_>, view: &View) -> Result<(), Cut> {
    let mut buffer = vec![0; PIECE];
    loop {
        tokio::select! {
            read = from.read(&mut buffer) => if !read.is_ok_and(|many| many > 0) {
                return Err(Cut);
            },
            () = view.cut() => return Err(Cut),
        }
    }
}

async fn deliver(mut piece: &[u8], to: &mut WriteHalf<'_>, view: &View) -> Result<(), Cut> {
    if let Mode::Late(ms) = view.mode() {
        sleep(Duration::from_millis(ms)).await;
    }
    while let Mode::Slow(bytes_per_second) = view.mode() {
        // Ten drops a second.
        let many = usize::try_from(bytes_per_second / 10).unwrap_or(PIECE).clamp(1, PIECE);
        let (drop, rest) = piece.split_at(many.min(piece.len()));
        to.write_all(drop).await.map_err(|_| Cut)?;
        piece = rest;
        if piece.is_empty() {
            return Ok(());
        }
        tokio::select! {
            () = sleep(Duration::from_millis(100)) => {}
            () = view.cut() => return Err(Cut),
        }
    }
    to.write_all(piece).await.map_err(|_| Cut)
}
