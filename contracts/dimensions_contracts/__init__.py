"""What any implementation of the Customer Users API must satisfy."""
