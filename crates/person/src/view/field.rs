//! Fields as a page shows them: by facet, a screenful at a time, and who can see them.

use serde::{Deserialize, Serialize};

use super::FieldView;

view!(
    /// Fields that belong together: those whose paths have the same first name.
    FacetView {
        /// The first name of their paths: `address`.
        facet: String,
        /// How many of them hold a value.
        fields: u64,
    }
);

view!(
    /// Which fields are asked for.
    #[serde(default, deny_unknown_fields)]
    FieldsAsk {
        /// Those that begin so, in whole names: `address.home`. All, when absent.
        prefix: Option<String>,
        /// Those that come after this path: what [`FieldsPage::next`] said.
        after: Option<String>,
        /// At most so many.
        limit: usize,
    }
);

view!(
    /// Some of the fields that hold a value, by path.
    FieldsPage {
        /// The fields.
        fields: Vec<FieldView>,
        /// The `after` of the next page; absent when there are no more.
        next: Option<String>,
    }
);

view!(
    /// A value that a field could take.
    CheckView {
        /// The value as it would be kept.
        value: String,
        /// What the vocabulary calls the field.
        label: Option<String>,
    }
);

view!(
    /// A vendor that can see a field now.
    SharedWithView {
        /// The relationship.
        relationship: String,
        /// The vendor's DID.
        vendor: String,
        /// What the vendor calls itself.
        vendor_name: String,
        /// The grant that allows it.
        grant: String,
        /// For what, in plain words.
        purposes: Vec<String>,
        /// When that ends by itself.
        until: Option<String>,
    }
);

view!(
    /// Who can see a field now. A field that is empty may be granted too.
    SharingView {
        /// The field.
        path: String,
        /// The vendors.
        with: Vec<SharedWithView>,
    }
);
