//! What every HTTP binary shares: errors, layers, health, serving.
