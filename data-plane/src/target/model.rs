//! What model a target is asked for.

use crate::provider::Provider;

/// How a provider comes to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The request names it.
    Named,
    /// It is a target of what the request names.
    Target,
    /// It stands in for another of this kind.
    Fallback(&'static str),
}

/// The model that a provider is asked for, where the caller asks for `asked`; none for the
/// provider's default.
///
/// What the request names is asked for what the caller says. A target is, too, if its filter lets it;
/// otherwise it is asked for its own default. Somebody else's fallback has models of its own: it is
/// asked for the caller's where its filter includes that by name, or where it is of the same kind and
/// names no model of its own.
pub(super) fn of<'a>(
    role: Role,
    provider: &'a Provider,
    asked: Option<&'a str>,
) -> Option<&'a str> {
    let own = provider.default_model.as_deref();
    let Some(asked) = asked else { return own };
    if provider.options.win {
        return own.or(Some(asked));
    }
    let keeps = match role {
        Role::Named => true,
        Role::Target => provider.models.allows(asked),
        Role::Fallback(kind) => {
            provider.models.includes(asked)
                || (!provider.names_model
                    && provider.kind.name == kind
                    && provider.models.allows(asked))
        }
    };
    if keeps { Some(asked) } else { own.or(Some(asked)) }
}
