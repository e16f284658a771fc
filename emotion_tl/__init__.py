"""Transfer-learning experiments on facial emotions: pretrained networks against networks trained from scratch."""
