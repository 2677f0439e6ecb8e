//! Starts the real binaries and asserts the system's promises.
