use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use async_trait::async_trait;
use aws_lc_rs::rand;
use domain::{identity::PasswordHasher, store::StoreError};
use tokio::{
    sync::Semaphore,
    task::{JoinError, spawn_blocking},
};
use zeroize::Zeroizing;

/// One pass needs this many blocks of 1 KiB: 19 MiB, the least that OWASP recommends.
const BLOCKS: usize = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_LEN: usize = 32;
const SALT_LEN: usize = 16;

/// Argon2id in bounded memory.
///
/// Never more than `permits` hashes run at once, whoever waits and whoever stops waiting, and their
/// memory is set aside once and used again: the allocator would otherwise keep hundreds of such
/// blocks after a burst of logins.
#[derive(Clone)]
pub struct Argon2Hasher {
    permits: Arc<Semaphore>,
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Argon2Hasher {
    /// Lets `permits` hashes run at once, each in 19 MiB; as many as there are cores is best.
    pub fn new(permits: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(permits.max(1))),
            memory: Arc::new(Mutex::new(Vec::new())),
        }
    }

    /// Runs `work` where blocking is allowed, with memory to hash in.
    async fn with_memory<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut [Block]) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(internal)?;
        let memory = Arc::clone(&self.memory);
        let outcome = spawn_blocking(move || {
            let spare = memory.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut blocks = spare.unwrap_or_else(|| vec![Block::new(); BLOCKS]);
            let outcome = work(&mut blocks);
            memory.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
            // Held to here even when nobody waits for the outcome any more.
            drop(permit);
            outcome
        });
        outcome.await.map_err(|error: JoinError| internal(error))?
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: String) -> Result<String, StoreError> {
        let password = Zeroizing::new(password);
        self.with_memory(move |blocks| hash(password.as_bytes(), blocks)).await
    }

    async fn verify(&self, password: String, hash: String) -> Result<bool, StoreError> {
        let password = Zeroizing::new(password);
        self.with_memory(move |blocks| verify(password.as_bytes(), &hash, blocks)).await
    }
}

impl fmt::Debug for Argon2Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free = self.permits.available_permits();
        f.debug_struct("Argon2Hasher").field("free", &free).finish_non_exhaustive()
    }
}

fn hash(password: &[u8], blocks: &mut [Block]) -> Result<String, StoreError> {
    let mut salt = [0; SALT_LEN];
    rand::fill(&mut salt).map_err(|_| internal("the system's random source failed"))?;
    let memory = u32::try_from(BLOCKS).map_err(internal)?;
    let params = Params::new(memory, PASSES, LANES, Some(HASH_LEN)).map_err(internal)?;
    let output = digest(password, &salt, &params, blocks)?;
    let phc = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(internal)?,
        salt: Some(Salt::new(&salt).map_err(internal)?),
        hash: Some(output),
    };
    Ok(phc.to_string())
}

fn verify(password: &[u8], stored: &str, blocks: &mut [Block]) -> Result<bool, StoreError> {
    let phc = PasswordHash::new(stored).map_err(|_| corrupt("a password hash is malformed"))?;
    let ours = phc.algorithm == ARGON2ID_IDENT && phc.version == Some(Version::V0x13.into());
    let (Some(salt), Some(expected), true) = (phc.salt, phc.hash.as_ref(), ours) else {
        return Err(corrupt("a password hash is not of argon2id 1.3"));
    };
    let params =
        Params::try_from(&phc).map_err(|_| corrupt("a password hash has impossible parameters"))?;
    if params.block_count() > BLOCKS || params.t_cost() > 4 * PASSES {
        return Err(corrupt("a password hash asks for more work than is allowed"));
    }
    // Compares in constant time.
    Ok(digest(password, &salt, &params, blocks)? == *expected)
}

fn digest(
    password: &[u8],
    salt: &[u8],
    params: &Params,
    blocks: &mut [Block],
) -> Result<Output, StoreError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut output = Zeroizing::new(vec![0; params.output_len().unwrap_or(HASH_LEN)]);
    argon2.hash_password_into_with_memory(password, salt, &mut output, blocks).map_err(internal)?;
    Output::new(&output).map_err(internal)
}

fn internal(error: impl Into<domain::store::Source>) -> StoreError {
    StoreError::Internal(error.into())
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

#[cfg(test)]
mod tests;
