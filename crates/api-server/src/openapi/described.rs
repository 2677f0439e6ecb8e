//! What each type of the contract looks like.

use domain::{
    ids::{CarrierId, CatalogProductId, CountryId, OrderId, ProductId, ServiceId},
    time::Timestamp,
};

use super::{Book, Described, Schema};

/// Writes a struct and its schema at once, so that the one cannot be changed without the other.
/// Sentences above fields are published; `=> |it| …` after a type says what the type does not.
/// `as "Name"` gives the schema a name, without it the schema stands where it is used.
macro_rules! described {
    (
        $(#[doc = $about:literal])*
        #[derive($derived:ident)]
        $(#[serde($($container:tt)+)])?
        $(#[expect($($expected:tt)+)])?
        $vis:vis struct $name:ident as $title:literal { $($fields:tt)+ }
    ) => {
        $crate::openapi::described! {
            @shape
            $(#[doc = $about])*
            #[derive($derived)]
            $(#[serde($($container)+)])?
            $(#[expect($($expected)+)])?
            $vis struct $name { $($fields)+ }
        }

        impl $crate::openapi::Described for $name {
            fn schema(book: &mut $crate::openapi::Book) -> $crate::openapi::Schema {
                book.schema($title, |book| Self::shape(book))
            }
        }
    };
    (
        $(#[doc = $about:literal])*
        #[derive($derived:ident)]
        $(#[serde($($container:tt)+)])?
        $(#[expect($($expected:tt)+)])?
        $vis:vis struct $name:ident { $($fields:tt)+ }
    ) => {
        $crate::openapi::described! {
            @shape
            $(#[doc = $about])*
            #[derive($derived)]
            $(#[serde($($container)+)])?
            $(#[expect($($expected)+)])?
            $vis struct $name { $($fields)+ }
        }

        impl $crate::openapi::Described for $name {
            fn schema(book: &mut $crate::openapi::Book) -> $crate::openapi::Schema {
                Self::shape(book)
            }
        }
    };
    (
        @shape
        $(#[doc = $about:literal])*
        #[derive($derived:ident)]
        $(#[serde($($container:tt)+)])?
        $(#[expect($($expected:tt)+)])?
        $vis:vis struct $name:ident {$(
            $(#[doc = $told:literal])*
            $(#[serde($($rule:tt)+)])?
            $field:ident: $type:ty $(=> $refine:expr)?,
        )+}
    ) => {
        $(#[doc = $about])*
        #[derive($derived)]
        $(#[serde($($container)+)])?
        $(#[expect($($expected)+)])?
        $vis struct $name {$(
            $(#[doc = $told])*
            $(#[serde($($rule)+)])?
            $field: $type,
        )+}

        impl $name {
            fn shape(book: &mut $crate::openapi::Book) -> $crate::openapi::Schema {
                use $crate::openapi::{Described, Field, facts};
                let is_request = facts::is_request(stringify!($derived));
                let shape = facts::begin(
                    &[$($about),*],
                    is_request,
                    stringify!($($($container)+)?),
                );
                $(
                    let schema = <$type as Described>::schema(book);
                    $(let schema = facts::refine(schema, $refine);)?
                    let shape = shape.field(Field {
                        name: stringify!($field),
                        rules: stringify!($($($rule)+)?),
                        about: facts::sentence(&[$($told),*]),
                        optional: is_request && <$type as Described>::OPTIONAL,
                        schema,
                    });
                )+
                shape
            }
        }
    };
}
pub(crate) use described;

/// What the macro asks of the words it is given.
pub(crate) mod facts {
    use super::super::Schema;

    pub(crate) fn begin(about: &[&str], is_request: bool, container: &str) -> Schema {
        let object = Schema::object();
        let about = sentence(about);
        let object = if about.is_empty() { object } else { object.about(about) };
        let closed = is_request && container.contains("deny_unknown_fields");
        if closed { object.closed() } else { object }
    }

    pub(crate) fn is_request(derived: &str) -> bool {
        derived.contains("Deserialize")
    }

    pub(crate) fn refine(schema: Schema, how: impl FnOnce(Schema) -> Schema) -> Schema {
        how(schema)
    }

    /// Comments as one paragraph.
    pub(crate) fn sentence(lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
        lines.join(" ").trim().to_owned()
    }
}

macro_rules! plain {
    ($($type:ty => $schema:expr;)+) => {$(
        impl Described for $type {
            fn schema(_: &mut Book) -> Schema {
                $schema
            }
        }
    )+};
}

plain! {
    bool => Schema::flag();
    String => Schema::text();
    &'static str => Schema::text();
    i32 => Schema::integer().format("int32");
    i64 => Schema::integer().format("int64");
    u16 => Schema::integer().at_least(0);
    u32 => Schema::integer().at_least(0);
    usize => Schema::integer().at_least(0);
    u128 => Schema::integer().at_least(0);
    Timestamp => Schema::text().format("date-time").example("2027-01-15T08:00:00Z");
    OrderId => id();
    ProductId => id();
    CatalogProductId => id();
    CountryId => id();
    ServiceId => id();
    CarrierId => id();
}

fn id() -> Schema {
    Schema::integer().format("int64")
}

impl<T: Described> Described for Option<T> {
    const OPTIONAL: bool = true;

    fn schema(book: &mut Book) -> Schema {
        T::schema(book).or_null()
    }
}

impl<T: Described> Described for Vec<T> {
    fn schema(book: &mut Book) -> Schema {
        Schema::list(T::schema(book))
    }
}
