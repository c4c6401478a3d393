"""What is worth sending: names, ids, bodies and generated requests, each class with the mistake that it stands for."""
