//! Values: set, unset, get, history, import, export.

use freehold_cards::{Import, ImportField, ImportOptions};
use freehold_protocol::path::{Path, Prefix};
use freehold_protocol::vocabulary::Vocabulary;
use freehold_vault::fields::{self, Change, ChangeSet, FieldError, FieldVersion};

use crate::error::PersonError;
use crate::happening::What;
use crate::person::Person;
use crate::view::{ChangeView, FieldView, ImportFieldView, ImportView, SkippedView};

impl Person {
    /// Writes one change set. `None` unsets a field. All of it is on disk when this returns, or nothing.
    ///
    /// # Errors
    /// [`PersonError::Path`] or [`PersonError::Field`] for a bad line, or the store's.
    pub async fn set(
        &self,
        changes: Vec<(String, Option<String>)>,
        source: &str,
    ) -> Result<ChangeView, PersonError> {
        let changes = changes
            .into_iter()
            .map(|(path, value)| Ok(Change { path: Path::parse(&path)?, value }))
            .collect::<Result<Vec<_>, PersonError>>()?;
        self.apply(changes, source.to_owned()).await
    }

    async fn apply(&self, changes: Vec<Change>, source: String) -> Result<ChangeView, PersonError> {
        let (key, now) = (self.inner.signing.clone(), self.inner.now());
        let set: ChangeSet = self
            .inner
            .store
            .write(move |txn| fields::apply(txn, &changes, &source, now, &key))
            .await
            .map_err(field_error)?
            .into_inner();
        Ok(self.changed(&set))
    }

    /// Rings for a change set that is on disk, and shows it.
    pub(crate) fn changed(&self, set: &ChangeSet) -> ChangeView {
        let vendors = self.inner.bells.changed(&set.versions);
        let changed = !set.versions.is_empty();
        if changed {
            self.inner.bells.teller.tell(&[What::Fields], None);
        }
        ChangeView {
            change: if changed { set.id.to_string() } else { String::new() },
            paths: set.versions.keys().map(Path::to_string).collect(),
            vendors,
        }
    }

    /// Destroys every version of fields, values and history. Vendors that may hold them are told they are empty.
    ///
    /// # Errors
    /// [`PersonError::Path`] or the store's.
    pub async fn erase(&self, paths: Vec<String>) -> Result<ChangeView, PersonError> {
        let paths = paths.iter().map(|p| Path::parse(p)).collect::<Result<Vec<_>, _>>()?;
        let unset: Vec<Change> =
            paths.iter().map(|path| Change { path: path.clone(), value: None }).collect();
        let (key, now) = (self.inner.signing.clone(), self.inner.now());
        let erased = self.inner.store.write_urgent(move |txn| {
            let mut set = fields::apply(txn, &unset, "cli", now, &key)?;
            for path in &paths {
                fields::erase(txn, path)?;
                if let Some(version) = set.versions.get_mut(path) {
                    *version = fields::version(txn, path)?;
                }
            }
            Ok::<_, FieldError>(set)
        });
        Ok(self.changed(&erased.await.map_err(field_error)?.into_inner()))
    }

    /// Current values: of one path, of a prefix, or all.
    ///
    /// # Errors
    /// [`PersonError::Empty`] for a path that holds nothing, or the store's.
    pub fn get(
        &self,
        path: Option<&str>,
        prefix: Option<&str>,
        verify: bool,
    ) -> Result<Vec<FieldView>, PersonError> {
        let found = match (path, prefix) {
            (Some(path), _) => {
                let parsed = Path::parse(path)?;
                let current = fields::current(&self.inner.store, &parsed)?.filter(|v| v.value.is_some());
                vec![current.ok_or_else(|| self.no_field(&parsed))?]
            }
            (None, Some(prefix)) => fields::list(&self.inner.store, Some(&Prefix::parse(prefix)?))?,
            (None, None) => fields::list(&self.inner.store, None)?,
        };
        found.into_iter().map(|version| self.field_view(version, verify)).collect()
    }

    /// Every version of a field, newest first.
    ///
    /// # Errors
    /// [`PersonError::Empty`] or the store's.
    pub fn history(&self, path: &str) -> Result<Vec<FieldView>, PersonError> {
        let path = Path::parse(path)?;
        let versions = fields::history(&self.inner.store, &path)?;
        if versions.is_empty() {
            return Err(self.no_field(&path));
        }
        versions.into_iter().map(|version| self.field_view(version, true)).collect()
    }

    fn no_field(&self, path: &Path) -> PersonError {
        let vocabulary = Vocabulary::standard();
        if vocabulary.field(path).is_none()
            && !path.is_free()
            && let Err(reason) = vocabulary.check(path, "")
        {
            return FieldError::Value { path: path.clone(), reason }.into();
        }
        PersonError::Empty { path: path.to_string() }
    }

    pub(crate) fn field_view(&self, version: FieldVersion, verify: bool) -> Result<FieldView, PersonError> {
        let verified = if verify {
            let checked = fields::verify_version(
                &self.inner.store,
                &version.path,
                version.version,
                &self.inner.signing.public(),
            );
            Some(checked.is_ok())
        } else {
            None
        };
        Ok(FieldView {
            label: label(&version.path),
            path: version.path.to_string(),
            value: version.value.clone(),
            version: version.version,
            at: version.at.rfc3339(),
            source: version.source.clone(),
            change: version.change.to_string(),
            verified,
        })
    }

    /// Reads a card that another program wrote, and writes it as one change set unless this is a dry run.
    ///
    /// # Errors
    /// [`PersonError::Card`], or as [`Person::set`].
    pub async fn import(
        &self,
        bytes: &[u8],
        options: &ImportOptions,
        dry_run: bool,
    ) -> Result<ImportView, PersonError> {
        let Import { fields, kept, skipped } = freehold_cards::import(bytes, options)?;
        let skipped = skipped.into_iter().map(|s| SkippedView { what: s.what, reason: s.reason }).collect();
        let mut view = ImportView {
            fields: fields.iter().map(|f| self.import_field(f)).collect::<Result<_, _>>()?,
            kept: kept.iter().map(|f| self.import_field(f)).collect::<Result<_, _>>()?,
            skipped,
            change: None,
        };
        if !dry_run {
            let changes = fields
                .into_iter()
                .chain(kept)
                .map(|f| Change { path: f.path, value: Some(f.value) })
                .collect();
            view.change =
                Some(self.apply(changes, "import:card".into()).await?.change).filter(|id| !id.is_empty());
        }
        Ok(view)
    }

    fn import_field(&self, field: &ImportField) -> Result<ImportFieldView, PersonError> {
        let current = fields::current(&self.inner.store, &field.path)?.and_then(|v| v.value);
        let action = match &current {
            None => "new",
            Some(value) if *value == field.value => "same",
            Some(_) => "changed",
        };
        Ok(ImportFieldView {
            path: field.path.to_string(),
            value: field.value.clone(),
            from: field.from.clone(),
            current,
            action: action.to_owned(),
        })
    }

    /// All values as a card: `vcard` (4.0) or `jscontact`.
    ///
    /// # Errors
    /// The store's, or [`PersonError::State`] for another format.
    pub fn export(&self, format: &str) -> Result<String, PersonError> {
        let fields: Vec<(Path, String)> = fields::list(&self.inner.store, None)?
            .into_iter()
            .filter_map(|version| version.value.map(|value| (version.path, value)))
            .collect();
        match format {
            "vcard" => Ok(freehold_cards::export_vcard(&fields)),
            "jscontact" => Ok(freehold_cards::export_jscontact(&fields)),
            _ => Err(PersonError::State("write --format vcard or --format jscontact".into())),
        }
    }
}

pub(crate) fn label(path: &Path) -> Option<String> {
    Vocabulary::standard().field(path).map(|field| field.label.clone())
}

fn field_error(error: freehold_store::WriteError<FieldError>) -> PersonError {
    error.into()
}
