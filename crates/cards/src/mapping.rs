//! Which property is which field: the vocabulary's vCard names, read once.

use std::sync::LazyLock;

use freehold_protocol::path::Path;
use freehold_protocol::vocabulary::Vocabulary;

/// The components of N in order (RFC 6350 section 6.2.2).
pub(crate) const N: &[&str] = &["family", "given", "additional", "prefix", "suffix"];

/// The components of ADR in order (RFC 6350 section 6.3.1).
pub(crate) const ADR: &[&str] = &["poBox", "extra", "street", "locality", "region", "postalCode", "country"];

/// The components of ORG that have a path; further units join the first (RFC 6350 section 6.6.4).
pub(crate) const ORG: &[&str] = &["name", "unit"];

/// The components of GENDER (RFC 6350 section 6.2.7).
pub(crate) const GENDER: &[&str] = &["sex", "identity"];

/// The property that carries a field which vCard has no property for; its parameter [`PATH_PARAMETER`] names it.
pub(crate) const OWN_PROPERTY: &str = "X-FREEHOLD";

/// The parameter of [`OWN_PROPERTY`].
pub(crate) const PATH_PARAMETER: &str = "X-PATH";

/// The beginning of paths that keep properties without a path of their own.
pub(crate) const KEPT: &str = "x.vcard";

/// `PROPERTY;TYPE=a,b#component` of the vocabulary.
pub(crate) struct Target {
    pub(crate) path: &'static Path,
    pub(crate) property: &'static str,
    /// In lower case, sorted.
    pub(crate) types: Vec<&'static str>,
    pub(crate) component: Option<&'static str>,
}

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let fields = Vocabulary::standard().fields().iter();
    fields.filter_map(|field| Some(Target::parse(&field.path, field.names.vcard.as_deref()?))).collect()
});

impl Target {
    fn parse(path: &'static Path, name: &'static str) -> Self {
        let (name, component) = name.split_once('#').map_or((name, None), |(name, it)| (name, Some(it)));
        let (property, types) = name.split_once(";TYPE=").unwrap_or((name, ""));
        let mut types: Vec<&str> = types.split(',').filter(|it| !it.is_empty()).collect();
        types.sort_unstable();
        Self { path, property, types, component }
    }
}

/// The property of a field, if vCard has one.
pub(crate) fn of_path(path: &Path) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.path == path)
}

/// The field of a property with exactly these types and this component.
pub(crate) fn of_property(property: &str, types: &[&str], component: Option<&str>) -> Option<&'static Path> {
    let mut types = types.to_vec();
    types.sort_unstable();
    let fits = |it: &&Target| it.property == property && it.types == types && it.component == component;
    TARGETS.iter().find(fits).map(|target| target.path)
}

/// The components of a structured property that have paths.
pub(crate) fn components(property: &str) -> Option<&'static [&'static str]> {
    match property {
        "N" => Some(N),
        "ADR" => Some(ADR),
        "ORG" => Some(ORG),
        "GENDER" => Some(GENDER),
        _ => None,
    }
}
