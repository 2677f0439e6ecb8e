//! Certificates of an authority that nobody knows but whom a test tells.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::place::place;

/// What each certificate says of its owner.
const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = nobody
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[here]
basicConstraints = critical, CA:FALSE
subjectAltName = IP:127.0.0.1, DNS:localhost
extendedKeyUsage = serverAuth
[elsewhere]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:elsewhere.example
extendedKeyUsage = serverAuth
";

/// A directory of them, gone with the value.
pub(crate) struct Certificates(PathBuf);

impl Certificates {
    /// An authority that is believed, one that is not, and what they signed.
    pub(crate) fn make(name: &str) -> Self {
        let directory = place().scratch.join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("openssl.cnf"), CONFIGURATION).unwrap();
        let made = Self(directory);
        made.sign("authority", "authority", None);
        made.sign("stranger", "authority", None);
        made.sign("good", "here", Some("authority"));
        made.sign("elsewhere", "elsewhere", Some("authority"));
        made.sign("unknown", "here", Some("stranger"));
        made.sign("own", "here", None);
        made
    }

    /// The certificate of that name.
    pub(crate) fn certificate(&self, name: &str) -> PathBuf {
        self.0.join(name).with_extension("pem")
    }

    /// Its key.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.0.join(name).with_extension("key")
    }

    /// A new key and a certificate for it, by `authority` or by itself.
    fn sign(&self, name: &str, says: &str, authority: Option<&str>) {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-config"]).arg(self.0.join("openssl.cnf"));
        command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        command.args(["-days", "2", "-extensions", says, "-subj", &format!("/CN={name}")]);
        command.arg("-keyout").arg(self.key(name)).arg("-out").arg(self.certificate(name));
        if let Some(authority) = authority {
            command.arg("-CA").arg(self.certificate(authority));
            command.arg("-CAkey").arg(self.key(authority));
        }
        let output = command.output().expect("openssl is missing");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && self.certificate(name).is_file(), "{errors}");
    }
}

impl AsRef<Path> for Certificates {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
