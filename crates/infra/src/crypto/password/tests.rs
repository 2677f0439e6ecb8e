use super::*;

/// Made by the reference implementation with the parameters of this file.
const KNOWN: &str = concat!(
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
    "$rk2Mi3E4dgRMg0fHaYaptWVZRKqs//6b6k3/nntqGJk",
);

#[tokio::test]
async fn verifies_what_it_hashed() {
    let hasher = Argon2Hasher::new(1);
    let hash = hasher.hash("correct horse".to_owned()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(hasher.verify("correct horse".to_owned(), hash.clone()).await.unwrap());
    assert!(!hasher.verify("correct horse ".to_owned(), hash).await.unwrap());
}

#[tokio::test]
async fn verifies_hashes_of_the_reference_implementation() {
    let hasher = Argon2Hasher::new(1);
    assert!(hasher.verify("correct horse".to_owned(), KNOWN.to_owned()).await.unwrap());
    assert!(!hasher.verify("battery staple".to_owned(), KNOWN.to_owned()).await.unwrap());
}

#[tokio::test]
async fn equal_passwords_have_different_hashes() {
    let hasher = Argon2Hasher::new(2);
    let (one, two) = tokio::join!(hasher.hash("same".into()), hasher.hash("same".into()));
    assert_ne!(one.unwrap(), two.unwrap());
}

#[tokio::test]
async fn refuses_stored_hashes_it_cannot_afford_or_read() {
    let hasher = Argon2Hasher::new(1);
    for bad in [
        String::new(),
        "plain".to_owned(),
        KNOWN.replace("argon2id", "argon2i"),
        KNOWN.replace("v=19", "v=16"),
        KNOWN.replace("m=19456", "m=4194304"),
        KNOWN.replace("t=2", "t=1000000"),
        KNOWN.rsplit_once('$').unwrap().0.to_owned(),
    ] {
        let outcome = hasher.verify("correct horse".to_owned(), bad.clone()).await;
        assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{bad}: {outcome:?}");
    }
}

/// A caller that goes away must not let one more hash start.
#[tokio::test]
async fn a_cancelled_caller_keeps_its_permit_until_the_work_ends() {
    let hasher = Argon2Hasher::new(1);
    let (started, waiting) = std::sync::mpsc::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let work = hasher.with_memory(move |_| {
        started.send(()).unwrap();
        held.recv().unwrap();
        Ok(())
    });
    let begun = tokio::task::spawn_blocking(move || waiting.recv());
    tokio::select! {
        _ = work => panic!("the work waits to be released"),
        begun = begun => begun.unwrap().unwrap(),
    }
    assert_eq!(hasher.permits.available_permits(), 0);
    release.send(()).unwrap();
    hasher.with_memory(|_| Ok(())).await.unwrap();
    assert_eq!(hasher.memory.lock().unwrap().len(), 1);
}

/// Peak and present resident memory of this process, in bytes.
fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let read = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    };
    (read("VmHWM:"), read("VmRSS:"))
}

const MIB: u64 = 1024 * 1024;

/// Alone in its process, because the other tests hash as well.
#[test]
fn three_hundred_at_once_fit_in_the_memory_set_aside() {
    let name = "crypto::password::tests::hash_three_hundred_at_once";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// I-14.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run in a process of its own by the test above"]
async fn hash_three_hundred_at_once() {
    const PERMITS: u64 = 2;
    const SLACK: u64 = 12 * MIB;
    let hasher = Argon2Hasher::new(2);
    let (_, rest) = resident();
    let work = (0..300).map(|n| hasher.hash(format!("password {n}")));
    for hash in futures_util::future::join_all(work).await {
        hash.unwrap();
    }
    let (peak, _) = resident();
    let bound = rest + PERMITS * 19 * MIB + SLACK;
    assert!(peak <= bound, "{} MiB at rest, {} MiB at the peak", rest / MIB, peak / MIB);
    assert!(peak >= rest + 19 * MIB, "the measurement sees no hashing at all");
}
