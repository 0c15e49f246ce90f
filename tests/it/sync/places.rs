//! Other kinds of repositories.
