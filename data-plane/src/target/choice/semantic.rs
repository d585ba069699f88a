use super::View;

/// The first one, in the order that the request has of its own. How that is found is for
/// [`crate::target::semantic`] to say.
pub(super) fn pick(view: &dyn View) -> Option<usize> {
    view.order().iter().map(|at| usize::from(*at)).find(|at| view.is_there(*at))
}

#[cfg(test)]
mod tests {
    use super::super::for_test::Said;
    use super::*;

    #[test]
    fn who_cannot_be_asked_is_passed_over() {
        let order = vec![2, 0, 1];
        assert_eq!(pick(&Said { order: order.clone(), ..Said::default() }), Some(2));
        assert_eq!(pick(&Said { order: order.clone(), ..Said::without(&[2, 0]) }), Some(1));
        assert_eq!(pick(&Said { order, ..Said::without(&[0, 1, 2]) }), None);
        assert_eq!(pick(&Said::default()), None);
    }
}
