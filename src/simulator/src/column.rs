//! Values per step that may be constant.

/// A value per step, held once where it never changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Column<T> {
    /// The same value at every step.
    Constant(T),
    /// One value per step.
    Steps(Vec<T>),
}

impl<T: Copy> Column<T> {
    /// The value at step `t`.
    pub fn at(&self, t: usize) -> T {
        match self {
            Self::Constant(value) => *value,
            Self::Steps(values) => values[t],
        }
    }

    /// The column with `f` applied to every value.
    pub fn map<U>(&self, f: impl Fn(T) -> U) -> Column<U> {
        match self {
            Self::Constant(value) => Column::Constant(f(*value)),
            Self::Steps(values) => Column::Steps(values.iter().map(|v| f(*v)).collect()),
        }
    }
}

impl Column<f64> {
    /// Sum of two columns over `steps` steps.
    pub fn plus(&self, other: &Self, steps: usize) -> Self {
        match (self, other) {
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(a + b),
            _ => Self::Steps((0..steps).map(|t| self.at(t) + other.at(t)).collect()),
        }
    }
}
