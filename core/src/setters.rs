//! Configurations by method: every public field has a `with_` that sets it.

/// Gives a configuration a setter for each of its fields. One that may be `None` takes the value too.
macro_rules! setters {
    ($type:ident { $($setter:ident: $field:ident = $value:ty),+ $(,)? }) => {
        /// Each field, set by method.
        #[allow(clippy::useless_conversion)]
        impl $type {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $setter(mut self, $field: $value) -> Self {
                    self.$field = $field.into();
                    self
                }
            )+
        }
    };
}

pub(crate) use setters;
