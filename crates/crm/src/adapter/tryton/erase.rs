//! How a party ends. Tryton erases no party that is in use, so it is put out of use first; a party that other records refer
//! to, such as invoices, cannot be deleted, and the wizard "Erase Party" empties it instead. That wizard of 8.0 leaves phone
//! numbers and codes in the fields by which they are searched; writing over them once more empties those too.

use freehold_outbound::Method;
use multibase::Base;
use serde_json::{Value, json};

use super::{ERASED, Tryton};
use crate::adapter::{Ended, Failure};
use crate::config::{CrmConfig, OpenError};
use crate::http::{Call, strange};
use crate::mapping::Way;
use crate::reason::Reason;
use crate::secret::Secret;

const WIZARD: &str = "party.erase";

/// Object, the field that the wizard writes over, and the one beside it that it leaves.
const LEFT_BEHIND: [(&str, &str, &str); 2] =
    [("party.contact_mechanism", "value", "value_compact"), ("party.identifier", "code", "code_compact")];

/// The configuration of remote procedure calls: the same address with a user's name and password.
pub(super) fn sign_in(config: &CrmConfig) -> Result<Option<CrmConfig>, OpenError> {
    let (Some(user), Some(path)) = (&config.user, &config.password_file) else { return Ok(None) };
    let password = std::fs::read_to_string(path).map(|text| Secret::new(&text));
    let password = password.map_err(|_| OpenError::File { path: path.clone() })?;
    let pair = zeroize::Zeroizing::new(format!("{user}:{}", password.danger_text()));
    let token = Some(Secret::new(&Base::Base64Pad.encode(pair.as_bytes())));
    Ok(Some(CrmConfig { token, token_file: None, refresh: None, ..config.clone() }))
}

pub(super) async fn end(tryton: &Tryton, id: &str, way: Way) -> Result<Ended, Failure> {
    let object = tryton.object();
    let one = format!("{object}/{id}");
    let answer = tryton
        .call("write", object, Method::Put, &format!("{one}?f=active"), Some(json!({"active": false})))
        .await?;
    match answer.status {
        404 => return Ok(Ended::Erased),
        400 => return Ok(Ended::Untouched("Tryton does not let it be put out of use".to_owned())),
        _ => answer.ok()?,
    };
    if way == Way::Archive {
        return Ok(Ended::Archived("the party was put out of use".to_owned()));
    }
    let answer = tryton.call("erase", object, Method::Delete, &one, None).await?;
    if answer.is_ok() || answer.status == 404 {
        let left = tryton.call("read", object, Method::Get, &format!("{one}?f=id"), None).await?;
        return if left.status == 404 { Ok(Ended::Erased) } else { Err(left.strange()) };
    }
    if answer.status != 400 {
        return Err(answer.rejected());
    }
    if tryton.rpc.is_none() {
        return Ok(Ended::Archived(
            "other records of Tryton refer to the party, and it was put out of use".to_owned(),
        ));
    }
    wizard(tryton, id).await?;
    for (object, field, searched) in LEFT_BEHIND {
        let domain = json!([["party", "=", id.parse::<i64>().unwrap_or_default()]]);
        for entry in tryton.search(object, &domain, &[searched.to_owned()]).await? {
            if entry[searched] == ERASED || entry[searched].is_null() {
                continue;
            }
            let tail = format!("{object}/{}?f={searched}", entry["id"]);
            let answer =
                tryton.call("erase", object, Method::Put, &tail, Some(json!({ field: ERASED }))).await?;
            if !answer.is_ok() || answer.body[searched] != ERASED {
                let place = format!("{object}: {searched}");
                return Err(Failure::Refused { reason: Reason::NotErased { place } });
            }
        }
    }
    let left = tryton.read_records(&[id.to_owned()]).await?;
    let is_empty = left.first().and_then(Option::as_ref).is_none_or(|record| {
        record.fields.get("name").is_none_or(Value::is_null)
            && record.lists.values().flatten().all(|entry| entry.is_archived)
    });
    if is_empty { Ok(Ended::Erased) } else { Err(strange(object)) }
}

/// The wizard, as the client runs it. It empties the lists' entries and puts them out of use as well.
async fn wizard(tryton: &Tryton, id: &str) -> Result<(), Failure> {
    let id: i64 = id.parse().map_err(|_| strange(WIZARD))?;
    let context = json!({"active_model": "party.party", "active_id": id, "active_ids": [id]});
    let made = rpc(tryton, "create", json!([{}])).await?;
    let session = made.get(0).cloned().ok_or_else(|| strange(WIZARD))?;
    let erased = rpc(tryton, "execute", json!([session, {"ask": {"party": id}}, "erase", context])).await;
    rpc(tryton, "delete", json!([session, context])).await?;
    erased.map(|_| ())
}

async fn rpc(tryton: &Tryton, method: &str, params: Value) -> Result<Value, Failure> {
    let http = tryton.rpc.as_ref().ok_or_else(|| strange(WIZARD))?;
    let body = json!({"id": 1, "method": format!("wizard.{WIZARD}.{method}"), "params": params});
    let call = Call {
        verb: "erase",
        object: WIZARD,
        method: Method::Post,
        path: "/rpc/".to_owned(),
        headers: &[],
        body: Some(body),
    };
    let answer = http.call(call).await?.ok()?;
    answer.get("result").cloned().ok_or_else(|| strange(WIZARD))
}
