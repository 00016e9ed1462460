//! Readers and bindings: files and generators into series with publication times.
