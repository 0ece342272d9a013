// Keeps a page as it would be if it were loaded now, without a reload.
