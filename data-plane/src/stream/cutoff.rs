use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

/// Tells the streams of one worker that they are to end: the gateway stops.
#[derive(Default)]
pub struct Cutoff {
    fired: Cell<bool>,
    wakers: RefCell<Wakers>,
}

#[derive(Default)]
struct Wakers {
    places: Vec<Option<Waker>>,
    free: Vec<usize>,
}

/// A stream's place among those that are told. Given back when dropped.
pub(super) struct Place {
    cutoff: Rc<Cutoff>,
    at: usize,
}

impl Cutoff {
    /// Takes a place.
    pub(super) fn join(self: &Rc<Self>) -> Place {
        let mut wakers = self.wakers.borrow_mut();
        let at = wakers.free.pop().unwrap_or_else(|| {
            wakers.places.push(None);
            wakers.places.len() - 1
        });
        Place { cutoff: Rc::clone(self), at }
    }

    /// Wakes everybody; whoever joins later knows at once.
    pub(crate) fn fire(&self) {
        self.fired.set(true);
        let told = std::mem::take(&mut self.wakers.borrow_mut().places);
        let count = told.len();
        self.wakers.borrow_mut().places.resize(count, None);
        told.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Place {
    /// Whether the stream is to end; if not, it is woken when it is.
    pub(super) fn is_cut(&self, context: &mut Context<'_>) -> bool {
        if self.cutoff.fired.get() {
            return true;
        }
        if let Some(place) = self.cutoff.wakers.borrow_mut().places.get_mut(self.at) {
            match place {
                Some(waker) if waker.will_wake(context.waker()) => {}
                _ => *place = Some(context.waker().clone()),
            }
        }
        false
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut wakers = self.cutoff.wakers.borrow_mut();
        if let Some(place) = wakers.places.get_mut(self.at) {
            *place = None;
        }
        wakers.free.push(self.at);
    }
}
